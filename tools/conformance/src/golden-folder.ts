import { readdirSync, readFileSync } from 'node:fs';
import { posix, join, sep } from 'node:path';
import { readSafetensors, type HostTensor } from '@onestep/tensor';
import { Entry, isRecord } from './golden-json';
import type { GoldenFile } from './family';

/** A golden folder: what is in it, and which weight files its JSON files account for. */
export interface GoldenFolder {
  /** Paths of the JSON files, sorted, with forward slashes. */
  readonly jsonFiles: readonly string[];
  /** Opens one; throws if it is not a JSON object. */
  open(path: string): GoldenFile;
  /** Files that are neither JSON, nor asked for by one, nor a README. Call after every JSON file was read. */
  unaccounted(): readonly string[];
}

/** Lists a folder. Reads nothing outside it. */
export function openGoldenFolder(folder: string): GoldenFolder {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && entry.name !== 'README.md')
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).split(sep).join('/').replace(/^\/+/, ''))
    .sort();
  const present = new Set(files);
  const asked = new Set<string>();

  return {
    jsonFiles: files.filter((path) => path.endsWith('.json')),
    open(path) {
      const content: unknown = JSON.parse(readFileSync(join(folder, path), 'utf8'));
      if (!isRecord(content)) throw new Error('not a JSON object');
      const beside = (name: string): string => {
        const companion = posix.join(posix.dirname(path), name);
        if (companion.startsWith('..')) throw new Error(`"${name}" lies outside the folder`);
        asked.add(companion);
        return companion;
      };
      return {
        path,
        stem: posix.basename(path, '.json'),
        content: new Entry(content),
        hasCompanion: (name) => present.has(beside(name)),
        companion: (name): Readonly<Record<string, HostTensor>> => {
          const companion = beside(name);
          if (!present.has(companion)) throw new Error(`"${companion}" is missing`);
          return readSafetensors(readFileSync(join(folder, companion))).tensors;
        },
      };
    },
    unaccounted: () => files.filter((path) => !path.endsWith('.json') && !asked.has(path)),
  };
}
