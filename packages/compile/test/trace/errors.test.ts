import { type OnestepError, tf, useBackend, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/index';
import { callerLine } from '../../src/trace/caller';
import { testExecutor } from '../support/agree';

beforeAll(async () => {
  await useBackend('cpu');
});

async function failureOf(fn: (x: Tensor) => unknown): Promise<OnestepError> {
  const x = tf.tensor1d([1, 2]);
  try {
    await compile(fn, [x], { executor: await testExecutor() });
  } catch (error) {
    return error as OnestepError;
  } finally {
    x.dispose();
  }
  throw new Error('the function was compiled');
}

describe('what cannot be traced', () => {
  it('names the line that reads a value', async () => {
    const error = await failureOf((x) => tf.mul(x, x.dataSync()[0]));
    expect(error.code).toBe('unsupported');
    expect(error.message).toMatch(/a tensor's value is read at .*errors\.test\.ts:\d+:\d+/);
  });

  it('names the op without a lowering and its line', async () => {
    const error = await failureOf((x) => tf.einsum('i,j->ij', x, x));
    expect(error.message).toMatch(/Einsum at .*errors\.test\.ts:\d+:\d+ has no lowering/);
    expect(error.details).toEqual({ kernel: 'Einsum' });
  });

  it('names the op and line that uses a tensor made outside', async () => {
    const outside = tf.tensor1d([3, 4]);
    const error = await failureOf((x) => tf.add(x, outside));
    expect(error.message).toMatch(/Add at .*errors\.test\.ts:\d+:\d+ uses a tensor that belongs to another engine/);
    outside.dispose();
  });

  it('refuses a result that was made outside', async () => {
    const outside = tf.scalar(1);
    expect((await failureOf(() => outside)).message).toMatch(/the result/);
    outside.dispose();
  });

  it('refuses asynchronous functions', async () => {
    expect((await failureOf((x) => Promise.resolve(x))).message).toMatch(/only synchronous functions/);
  });

  it('refuses strings', async () => {
    expect((await failureOf(() => tf.tensor(['a']))).message).toMatch(/dtype string/);
  });

  it('leaves the backend and its tensors as they were', async () => {
    const { numTensors } = tf.memory();
    await failureOf((x) => tf.mul(x, x.dataSync()[0]));
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

describe('the line of a caller', () => {
  it('is the first frame outside the machinery', () => {
    const stack = [
      'Error',
      '    at TraceBackend.nodeOf (/app/node_modules/@onestep/compile/dist/index.js:1:1)',
      '    at Engine.runKernel (/app/node_modules/@tensorflow/tfjs-core/dist/engine.js:2:2)',
      '    at myLoss (/app/src/loss.ts:12:34)',
    ].join('\n');
    expect(callerLine(stack)).toBe('/app/src/loss.ts:12:34');
  });

  it('is read from the stacks of other browsers too', () => {
    expect(callerLine('myLoss@https://example.org/loss.js:12:34\n')).toBe('https://example.org/loss.js:12:34');
    expect(callerLine(undefined)).toBeUndefined();
  });
});
