import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { absoluteSpec } from '../src/compose/batches';

it('keeps the names of datasets and makes paths absolute, so that a run resumes from any folder', () => {
  const named = ['mnist', 'fashion-mnist', 'cifar10', 'mixture-2d', 'mixture-16d'];
  expect(named.map(absoluteSpec)).toEqual(named);
  expect(absoluteSpec('./digits')).toBe(resolve('digits'));
});
