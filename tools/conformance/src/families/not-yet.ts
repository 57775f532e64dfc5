import type { AnyCase } from '../case';
import { eachEntry, type Family, type GoldenFile } from '../family';
import type { Entry } from '../golden-json';

/** A kind of file whose feature the packages do not have: every case of it is skipped, by name. */
function skipped(
  name: string,
  recognises: (content: Entry) => boolean,
  cases: (file: GoldenFile) => readonly AnyCase[],
): Family {
  return { name, recognises, cases };
}

/** Skips each entry of a list. */
function skipEach(file: GoldenFile, key: string, needs: (entry: Entry) => string): readonly AnyCase[] {
  return file.content.has(key) ? eachEntry(file, key, (entry, name) => ({ name, needs: needs(entry) })) : [];
}

/** Accounts for a file of tensors beside the JSON. */
function claim(file: GoldenFile, ...names: readonly string[]): void {
  names.forEach((name) => file.hasCompanion(name));
}

/** Files of features to come. A feature that arrives takes its file out of here. */
export const notYet: readonly Family[] = [
  skipped(
    'editing',
    (content) => content.has('superres_patch'),
    (file) => {
      claim(file, `${file.stem}.safetensors`);
      return skipEach(file, 'cases', (entry) => `zero-shot editing ${entry.text('name')}`);
    },
  ),
  skipped(
    'inception score',
    (content) => content.everyCaseHas('logits', 'splits'),
    (file) => {
      claim(file, `${file.stem}.safetensors`);
      return skipEach(file, 'cases', () => 'metric inception score');
    },
  ),
  skipped(
    'Inception features',
    (content) => content.has('recipe') && content.everyCaseHas('pool2048'),
    (file) => {
      claim(file, `${file.stem}.safetensors`);
      const needs = 'feature network Inception-v3';
      return [{ name: `${file.path}#recipe_check`, needs }, ...skipEach(file, 'cases', () => needs)];
    },
  ),
  skipped(
    'LPIPS',
    (content) => content.has('recipe') && content.everyCaseHas('net'),
    (file) => {
      claim(file, `${file.stem}.safetensors`);
      return skipEach(file, 'cases', () => 'distance lpips');
    },
  ),
];
