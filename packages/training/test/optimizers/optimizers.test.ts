import { beforeAll, describe, expect, it } from 'vitest';
import { countLeaks, disposeParams, mapParams, tf, toTensor, useBackend, type Params } from '@onestep/tensor';
import { adam, adamw, optimizerFromRecipe, radam, type Optimizer, type OptimizerState } from '@onestep/training';

beforeAll(() => useBackend('cpu'));

const variants: readonly [string, Optimizer][] = [
  ['adam', adam()],
  ['adam with amsgrad', adam({ amsgrad: true, weightDecay: 0.01 })],
  ['adamw', adamw({ weightDecay: 0.01 })],
  ['adamw with amsgrad', adamw({ amsgrad: true, weightDecay: 0.01 })],
  ['radam', radam({ weightDecay: 0.01 })],
  ['original radam', radam({ form: 'original', momentumFallback: true, weightDecay: 0.01 })],
];

describe('optimizers', () => {
  it.each(variants)('%s finds the minimum of a quadratic and leaks nothing', async (_, optimizer) => {
    const { leaked } = await countLeaks(() => {
      let params: Params = { x: tf.tensor1d([1, -2]) };
      let state: OptimizerState = mapParams(optimizer.init(params), (group) => mapParams(group, toTensor));
      expect(Object.keys(state).sort()).toEqual([...optimizer.groups].sort());
      for (let step = 0; step < 300; step += 1) {
        const next = tf.tidy(() => {
          const grads = { x: tf.mul(params.x, tf.tensor1d([1, 10])) };
          const scalars = mapParams(optimizer.scalars(step, 0.05), (value) => tf.scalar(value));
          return optimizer.update(params, grads, state, scalars) as never;
        }) as ReturnType<Optimizer['update']>;
        for (const group of [params, ...Object.values(state)]) disposeParams(group);
        ({ params, state } = next);
      }
      expect(Math.max(...params.x.dataSync().map(Math.abs))).toBeLessThan(0.05);
      for (const group of [params, ...Object.values(state)]) disposeParams(group);
    });
    expect(leaked).toBe(0);
  });

  it('take the same numbers at every step, so that a traced step serves for all', () => {
    for (const [, optimizer] of variants) {
      expect(Object.keys(optimizer.scalars(0, 1))).toEqual(Object.keys(optimizer.scalars(1000, 1)));
    }
  });

  it('switch RAdam from momentum to adaptive steps at the sixth step', () => {
    const adaptive = Array.from({ length: 8 }, (_, step) => radam().scalars(step, 1).adaptiveStep > 0);
    expect(adaptive).toEqual([false, false, false, false, false, true, true, true]);
  });

  it('take the largest second moment so far with amsgrad, with either form of decay', () => {
    for (const make of [adam, adamw]) {
      expect(make({ amsgrad: true }).groups).toEqual(['m', 'v', 'vMax']);
      expect(make().groups).toEqual(['m', 'v']);
    }
    const recipe = { name: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, amsgrad: true } as const;
    expect(optimizerFromRecipe({ ...recipe, betas: [...recipe.betas] }).groups).toContain('vMax');
  });

  it.each([{ betas: [1, 0.9] as const }, { betas: [0.9, -1] as const }, { epsilon: 0 }, { weightDecay: -1 }])(
    'refuse %o',
    (options) => {
      for (const make of [adam, adamw, radam]) expect(() => make(options)).toThrow(RangeError);
    },
  );
});
