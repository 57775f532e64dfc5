import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOpenAiUnet } from '@onestep/models';
import { countParams, paramsFromHost, disposeParams, writeSafetensors, type HostTensor } from '@onestep/tensor';
import type { BenchNetwork } from '../jobs/networks';
import type { ByteImages } from '@onestep/metrics';
import type { BenchFeatures } from '../jobs/feature-job';
import type { TorchPeer } from '../peers/torch-peer';

/** Memory formats of the peer: channels first, PyTorch's own, or channels last, which some builds prefer. */
export const torchLayouts = ['first', 'last'] as const;

/**
 * Hands a network to the peer: its config, and these very weights under the names of the reference.
 *
 * @throws Error if the peer's network has other parameters than ours, or another number of them
 */
export async function loadIntoTorch(
  peer: TorchPeer,
  { name, network }: BenchNetwork,
  {
    weights,
    layout,
  }: { readonly weights: Readonly<Record<string, HostTensor>>; readonly layout: (typeof torchLayouts)[number] },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'onestep-bench-'));
  try {
    const file = join(folder, 'weights.safetensors');
    await writeFile(file, writeSafetensors(exportOpenAiUnet(weights, network.config)));
    const answer = await peer.ask('load', {
      name,
      config: network.config,
      weights: file,
      channelsLast: layout === 'last',
    });
    const params = paramsFromHost(weights);
    const ours = countParams(params);
    disposeParams(params);
    const theirs = Number(answer.parameters);
    if (theirs !== ours) throw new Error(`torch peer: ${name} has ${theirs} parameters there and ${ours} here.`);
    return theirs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One-step images of the peer for the given noise. */
export async function torchImages(peer: TorchPeer, name: string, noise: HostTensor): Promise<number[]> {
  const answer = await peer.ask('apply', { name, x: Array.from(noise.data) });
  return answer.images as number[];
}

/**
 * Hands a feature network's weights to the peer, which checks names and shapes.
 *
 * @throws Error if the peer's network has others
 */
export async function loadFeaturesIntoTorch(
  peer: TorchPeer,
  { name, peerWeights }: BenchFeatures,
  layout: (typeof torchLayouts)[number],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'onestep-bench-'));
  try {
    const weights = join(folder, 'weights.safetensors');
    await writeFile(weights, writeSafetensors(peerWeights));
    await peer.ask('load_features', { name, weights, channelsLast: layout === 'last' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Features that the peer computes of the same images. */
export async function torchFeatures(peer: TorchPeer, name: string, { shape, data }: ByteImages): Promise<number[]> {
  const answer = await peer.ask('apply_features', { name, shape, x: Array.from(data) });
  return answer.features as number[];
}
