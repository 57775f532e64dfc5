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

/** Skips each entry of a list one level down. */
function skipNested(file: GoldenFile, section: string, needs: string): readonly AnyCase[] {
  if (!file.content.has(section)) return [];
  const entries = file.content.entry(section).entries('cases');
  return entries.map((_, i) => ({ name: `${file.path}#${section}.${i}`, needs }));
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
    'progressive distillation',
    (content) => content.everyCaseHas('target_x', 't_mid'),
    (file) => skipEach(file, 'cases', () => 'objective pd'),
  ),
  skipped(
    'iCT losses',
    (content) => content.everyCaseHas('pseudo_huber') || content.has('kinyugo'),
    (file) => [...skipEach(file, 'cases', () => 'objective ict'), ...skipNested(file, 'kinyugo', 'objective ict')],
  ),
  skipped(
    'sCM losses',
    (content) => content.everyCaseHas('tangent'),
    (file) => [
      ...skipEach(file, 'cases', (entry) => `objective ${entry.text('kind') === 'cd' ? 'scd' : 'sct'}`),
      ...skipNested(file, 'multistep_sampling', 'TrigFlow sampling'),
    ],
  ),
  skipped(
    'feature metrics',
    (content) => content.everyCaseHas('kid', 'prdc'),
    (file) => {
      claim(file, 'features.safetensors', `${file.stem}.safetensors`);
      return skipEach(file, 'cases', () => 'metrics fid, kid, precision and recall');
    },
  ),
  skipped(
    'Frechet distance',
    (content) => content.everyCaseHas('mu1', 'sigma1'),
    (file) => skipEach(file, 'cases', () => 'metric fid'),
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
  skipped(
    'image operations',
    (content) => content.has('resize') && content.has('resample'),
    (file) => {
      claim(file, `${file.stem}.safetensors`);
      return [...skipNested(file, 'resize', 'image resizing'), ...skipNested(file, 'resample', 'image resampling')];
    },
  ),
];
