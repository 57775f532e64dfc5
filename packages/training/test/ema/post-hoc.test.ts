import { describe, expect, it } from 'vitest';
import { hostTensor, randomStream } from '@onestep/tensor';
import { emaDecay, postHocEma, postHocWeights, powerExponent, type EmaSnapshot } from '@onestep/training';

/** Averages of a sequence of weights, tracked in double precision as a run tracks them. */
function track(weightsAt: (step: number) => readonly number[], steps: number, relativeStd: number) {
  let average: readonly number[] = [];
  const history: (readonly number[])[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const decay = emaDecay({ power: { relativeStd } }, { imagesSeen: step - 1, batchSize: 1 });
    average = weightsAt(step).map((value, i) => (decay === 0 ? value : decay * average[i] + (1 - decay) * value));
    history.push(average);
  }
  return (step: number) => history[step - 1];
}

function snapshotsOf(weightsAt: (step: number) => readonly number[], steps: readonly number[]): EmaSnapshot[] {
  return [0.05, 0.1].flatMap((relativeStd) => {
    const at = track(weightsAt, steps.at(-1) ?? 1, relativeStd);
    return steps.map((step) => ({ relativeStd, step, params: { a: hostTensor(Float32Array.from(at(step))) } }));
  });
}

const every = (length: number, count: number) => Array.from({ length: count }, (_, i) => ((i + 1) * length) / count);

describe('postHocEma', () => {
  const steps = 2048;
  // A random walk on a drift, as weights move in training.
  const noise = randomStream(1, 'walk').normal(3 * steps);
  const walk: number[][] = [[0.5, -2, 0]];
  for (let k = 1; k <= steps; k += 1) {
    walk.push(walk[k - 1].map((value, i) => value + 0.05 * noise[3 * (k - 1) + i] + (i - 1) * 0.002));
  }
  const weightsAt = (step: number) => walk[step];

  it.each([0.03, 0.05, 0.075, 0.1, 0.15, 0.2])('agrees with the tracked average of width %d', (relativeStd) => {
    const tracked = track(weightsAt, steps, relativeStd)(steps);
    const [{ params, residual }] = postHocEma(snapshotsOf(weightsAt, every(steps, 16)), [{ relativeStd, step: steps }]);
    const error = Math.max(...tracked.map((value, i) => Math.abs(params.a.data[i] - value)));
    // The nearest stored average is off by 0.2 to 0.6; the residual is largest for the narrowest profile, 0.039.
    expect(error).toBeLessThan(5e-3);
    expect(residual).toBeLessThan(0.04);
  });

  it('reconstructs at a step between the stored ones', () => {
    const step = 1600;
    const tracked = track(weightsAt, step, 0.12)(step);
    const [{ params }] = postHocEma(snapshotsOf(weightsAt, every(steps, 32)), [{ relativeStd: 0.12, step }]);
    tracked.forEach((value, i) => expect(Math.abs(params.a.data[i] - value)).toBeLessThan(0.03));
  });

  it('returns a stored average as it is', () => {
    const snapshots = snapshotsOf(weightsAt, every(steps, 8));
    const fits = postHocEma(snapshots, snapshots.slice(3, 12));
    fits.forEach(({ weights, params, residual }, k) => {
      weights.forEach((weight, i) => expect(weight).toBeCloseTo(i === k + 3 ? 1 : 0, 6));
      expect(residual).toBeLessThan(1e-6);
      params.a.data.forEach((value, i) => expect(value).toBeCloseTo(snapshots[k + 3].params.a.data[i], 5));
    });
  });

  it('keeps constants exactly, whatever the width', () => {
    const snapshots = snapshotsOf(() => [0.3, -7], every(512, 4));
    for (const relativeStd of [0.01, 0.08, 0.25]) {
      const [{ params, weights }] = postHocEma(snapshots, [{ relativeStd, step: 400 }]);
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
      expect([...params.a.data]).toEqual([...Float32Array.of(0.3, -7)]);
    }
  });

  it('averages a linear ramp to its closed form, t (gamma + 1) / (gamma + 2)', () => {
    const [{ params }] = postHocEma(
      snapshotsOf((step) => [step - 0.5], every(steps, 16)),
      [{ relativeStd: 0.15, step: steps }],
    );
    const gamma = powerExponent(0.15);
    expect(Math.abs(params.a.data[0] / ((steps * (gamma + 1)) / (gamma + 2)) - 1)).toBeLessThan(1e-3);
  });

  it('says how far it is from what was asked for', () => {
    const profiles = every(1000, 2).flatMap((step) => [
      { relativeStd: 0.05, step },
      { relativeStd: 0.1, step },
    ]);
    expect(postHocWeights(profiles, { relativeStd: 0.08, step: 1000 }).residual).toBeLessThan(0.05);
    expect(postHocWeights(profiles, { relativeStd: 0.01, step: 300 }).residual).toBeGreaterThan(0.5);
  });

  it('refuses what does not belong together', () => {
    const a = { relativeStd: 0.1, step: 10, params: { a: hostTensor(new Float32Array(1)) } };
    const b = { relativeStd: 0.1, step: 20, params: { b: hostTensor(new Float32Array(1)) } };
    expect(() => postHocEma([], [a])).toThrow('needs snapshots');
    expect(() => postHocEma([a, a], [a])).toThrow('the same width and step');
    expect(() => postHocEma([a, b], [a])).toThrow('snapshots[1] has other parameters');
    expect(() => postHocEma([a], [{ relativeStd: 0.1, step: 0 }])).toThrow('step must be >= 1');
  });
});
