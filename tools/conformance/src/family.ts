import type { HostTensor } from '@onestep/tensor';
import type { AnyCase } from './case';
import type { Entry } from './golden-json';

/** A golden file and what lies beside it. */
export interface GoldenFile {
  /** Path inside the folder, with forward slashes. */
  readonly path: string;
  readonly content: Entry;
  /** Reads a safetensors file of the same sub-folder, by name or ending with `.safetensors` after this file's stem. */
  companion(name: string): Readonly<Record<string, HostTensor>>;
  /** Whether such a file exists. */
  hasCompanion(name: string): boolean;
  /** File name without folder and `.json`. */
  readonly stem: string;
}

/** Reads one kind of golden file. */
export interface Family {
  readonly name: string;
  /** By content, never by file name: a folder may hold the same kind of file under any name. */
  recognises(content: Entry): boolean;
  cases(file: GoldenFile): readonly AnyCase[];
}

/** Sections of a file by top-level key; a key that no section claims is an unknown case. */
export function bySection(
  file: GoldenFile,
  sections: Readonly<Record<string, ((value: GoldenFile) => readonly AnyCase[]) | 'shared'>>,
): readonly AnyCase[] {
  return Object.keys(file.content.json).flatMap((key): readonly AnyCase[] => {
    const value = file.content.json[key];
    const section = Object.hasOwn(sections, key) ? sections[key] : undefined;
    if (section === 'shared' || (section === undefined && (typeof value !== 'object' || value === null))) return [];
    if (section === undefined) return [{ name: `${file.path}#${key}`, problem: `unknown section "${key}"` }];
    return section(file);
  });
}

/** One case per object of a list; an object that cannot be read becomes an unknown case. */
export function eachEntry(
  file: GoldenFile,
  key: string,
  read: (entry: Entry, name: string) => AnyCase | readonly AnyCase[],
): readonly AnyCase[] {
  const prefix = key === 'cases' ? `${file.path}#` : `${file.path}#${key}.`;
  return file.content.entries(key).flatMap((entry, i) => {
    try {
      return read(entry, `${prefix}${i}`);
    } catch (error) {
      return [{ name: `${prefix}${i}`, problem: error instanceof Error ? error.message : String(error) }];
    }
  });
}
