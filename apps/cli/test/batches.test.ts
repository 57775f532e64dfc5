import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { absoluteSpec } from '../src/compose/batches';

it('keeps the names of datasets and makes paths absolute, so that a run resumes from any folder', () => {
  expect(['mnist', 'fashion-mnist', 'mixture-2d'].map(absoluteSpec)).toEqual(['mnist', 'fashion-mnist', 'mixture-2d']);
  expect(absoluteSpec('./digits')).toBe(resolve('digits'));
});
