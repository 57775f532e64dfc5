import { compile, type CompileOptions } from '@onestep/compile';
import { consistencyPreconditioning, preconditioned } from '@onestep/core';
import { estimateFlops } from '@onestep/models';
import { initialNoise } from '@onestep/sampling';
import {
  disposeParams,
  paramsFromHost,
  tf,
  toTensor,
  type HostTensor,
  type Params,
  type Tensor,
  type Tensor1D,
} from '@onestep/tensor';
import type { BenchNetwork } from './networks';

/** The largest noise level, where one-step sampling begins. */
export const sigmaMax = 80;

/** One-step sampling of one batch: f(x, sigmaMax) on noise that is there already. */
export interface SamplingJob {
  readonly name: string;
  readonly images: number;
  readonly flops: number;
  /** The noise, `[B, H, W, C]`. */
  readonly noise: HostTensor;
  /** The images, in host memory. */
  sample(): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** What to sample. */
export interface SamplingJobOptions {
  readonly network: BenchNetwork;
  readonly weights: Readonly<Record<string, HostTensor>>;
  readonly batch: number;
}

/** The consistency function of a network. */
export function consistencyFunction({ network }: BenchNetwork) {
  return preconditioned(network, consistencyPreconditioning({ sigmaMax }));
}

/** Samples on the current backend, op by op. */
export function eagerSampling(options: SamplingJobOptions): SamplingJob {
  const { params, x, sigma, facts } = upload(options);
  const f = consistencyFunction(options.network);
  return {
    ...facts,
    sample: () => download(f(params)(x, sigma)),
    dispose: () => {
      disposeParams(params);
      tf.dispose([x, sigma]);
      return Promise.resolve();
    },
  };
}

/** Samples with a compiled function whose weights are constants of the graph. */
export async function compiledSampling(
  options: SamplingJobOptions,
  executor: CompileOptions['executor'],
): Promise<SamplingJob> {
  const { params, x, sigma, facts } = upload(options);
  const f = consistencyFunction(options.network);
  const compiled = await compile(
    (weights: Params, image: Tensor, level: Tensor) => f(weights)(image, level as Tensor1D),
    [params, x, sigma] as [Params, Tensor, Tensor],
    { executor, constants: [0] },
  );
  return {
    ...facts,
    sample: async () => download(await compiled(params, x, sigma)),
    dispose: async () => {
      disposeParams(params);
      tf.dispose([x, sigma]);
      await compiled.dispose();
    },
  };
}

function upload({ network: { name, network }, weights, batch }: SamplingJobOptions) {
  const indices = Array.from({ length: batch }, (_, i) => i);
  const noise = initialNoise({ seed: 1, indices, shape: network.shape, sigmaMax });
  return {
    params: paramsFromHost(weights),
    x: toTensor(noise),
    sigma: tf.fill<tf.Rank.R1>([batch], sigmaMax),
    facts: {
      name: `${name}, one-step sampling, batch ${batch}`,
      images: batch,
      flops: estimateFlops(network, batch),
      noise,
    },
  };
}

async function download(images: Tensor): Promise<Float32Array> {
  const data = (await images.data()) as Float32Array;
  images.dispose();
  return data;
}
