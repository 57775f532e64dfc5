import { estimateFlops } from '@onestep/models';
import { tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { benchNetwork, benchNetworkNames } from '../src/jobs/networks';
import { stepFlops, trainingJob } from '../src/jobs/training-job';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('stepFlops', () => {
  it('counts forward once, gradients twice, and the pass of the target where there is one', () => {
    const network = benchNetwork('tiny');
    const once = estimateFlops(network.network, 4);
    expect(stepFlops({ network, method: 'edm', batch: 4 })).toBe(3 * once);
    expect(stepFlops({ network, method: 'ect', batch: 4 })).toBe(4 * once);
    expect(stepFlops({ network, method: 'ct', batch: 4 })).toBe(4 * once);
  });
});

describe('trainingJob', () => {
  it('advances one step a call and frees everything in the end', async () => {
    const before = tf.memory().numTensors;
    const job = await trainingJob({ network: benchNetwork('tiny'), method: 'ect', batch: 2 });
    await job.step();
    const during = tf.memory().numTensors;
    await job.step();
    expect(tf.memory().numTensors).toBe(during);
    job.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('benchNetwork', () => {
  it('makes every network it lists, and names them when asked for another', () => {
    for (const name of benchNetworkNames) expect(benchNetwork(name).network.multiplyAddsPerImage).toBeGreaterThan(0);
    expect(() => benchNetwork('huge')).toThrow(/unknown network "huge", expected one of tiny/);
  });
});
