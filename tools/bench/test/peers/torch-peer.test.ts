import { useBackend } from '@onestep/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialWeights } from '../../src/jobs/initial-weights';
import { benchNetwork } from '../../src/jobs/networks';
import { eagerSampling } from '../../src/jobs/sampling-job';
import { findTorch } from '../../src/peers/find-torch';
import { TorchPeer } from '../../src/peers/torch-peer';
import { loadIntoTorch, torchImages } from '../../src/questions/torch-network';

const found = await findTorch();

/** Float32 rounding through some forty layers, relative to the largest pixel. */
const tolerance = 2e-5;

describe.runIf(found !== undefined)('the PyTorch peer', () => {
  let peer: TorchPeer;
  beforeAll(async () => {
    await useBackend('wasm');
    [peer] = await TorchPeer.start({ python: found?.python ?? '', threads: 1, device: 'cpu' });
  });
  afterAll(() => peer.stop());

  // Between them: patches, both kinds of resampling, both kinds of embedding, heads, three levels.
  it.each(['tiny', 'grid-16', 'cifar-small', 'engine-benchmark'])(
    'makes the same images with the weights of %s',
    async (name) => {
      const network = benchNetwork(name);
      const weights = await initialWeights(network);
      expect(await loadIntoTorch(peer, network, { weights, layout: 'first' })).toBeGreaterThan(0);
      const job = eagerSampling({ network, weights, batch: 2 });
      const ours = await job.sample();
      const theirs = await torchImages(peer, name, job.noise);
      await job.dispose();
      const scale = Math.max(...ours.map(Math.abs));
      expect(theirs).toHaveLength(ours.length);
      expect(Math.max(...theirs.map((value, i) => Math.abs(value - ours[i]))) / scale).toBeLessThan(tolerance);
    },
  );

  it('trains a step and says how long it took', async () => {
    expect(await peer.time('train', { name: 'tiny', batch: 2, calls: 1 })).toBeGreaterThan(0);
  });

  it('passes on what went wrong and goes on', async () => {
    await expect(peer.ask('train', { name: 'absent', batch: 1, calls: 1 })).rejects.toThrow(/KeyError/);
    expect(Number((await peer.ask('memory')).peakMb)).toBeGreaterThan(0);
  });
});

describe('TorchPeer', () => {
  it('says so when Python does not start', async () => {
    const options = { python: './no-such-python', threads: 1, device: 'cpu' };
    await expect(TorchPeer.start(options)).rejects.toThrow(/torch peer: it did not start/);
  });
});
