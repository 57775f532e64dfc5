import { compile, type Executor } from '@onestep/compile';
import { inceptionShapes, inceptionV3, lenetNetwork, type ByteImages, type FeatureNetwork } from '@onestep/metrics';
import { loadLenet } from '@onestep/metrics/node';
import { disposeParams, tf, type HostTensor, type Params, type Tensor } from '@onestep/tensor';
import { formulaWeights } from '../../../workspace/formula-weights';

/** A feature network to measure. */
export interface BenchFeatures {
  readonly name: string;
  readonly network: FeatureNetwork;
  /** Side of its images. */
  readonly side: number;
  /** Weights as the peer reads them: PyTorch's names and layouts for Inception, this library's own for LeNet. */
  readonly peerWeights: Readonly<Record<string, HostTensor>>;
}

/** Networks that the options may name, with the batches they are asked with by default. */
export const featureNetworks: Readonly<Record<string, { readonly batches: readonly number[] }>> = {
  'inception-v3-fid': { batches: [1, 8] },
  'lenet-mnist': { batches: [250] },
};

/**
 * A network by name. Inception has weights from a formula: speed does not depend on what a network sees.
 *
 * @param name - a key of {@link featureNetworks}
 * @returns the network; its `params` are the caller's to dispose
 */
export async function benchFeatures(name: string): Promise<BenchFeatures> {
  if (name === 'lenet-mnist') {
    const model = await loadLenet('mnist');
    return { name, network: lenetNetwork(model), side: 28, peerWeights: model.weights };
  }
  const weights = formulaWeights(inceptionShapes);
  const network = inceptionV3(weights, { sha256: 'formula', outputs: ['pool'] });
  return { name, network, side: 299, peerWeights: weights };
}

/** Images of whole numbers from 0 to 255, `[B, H, W, C]`; not the same for another `first`. */
export function featureImages({ network, side }: BenchFeatures, batch: number, first = 0): ByteImages {
  const size = batch * side * side * network.channels;
  const data = Uint8Array.from({ length: size }, (_, i) => Math.imul(first * 7919 + i, 0x9e3779b9) >>> 24);
  return { shape: [batch, side, side, network.channels], data };
}

/** Features of one batch. */
export interface FeatureJob {
  /** From bytes in host memory to features there. */
  readonly run: () => Promise<Float32Array>;
  readonly dispose: () => Promise<void>;
}

/** Computes features op by op, or with an executor as one graph with the weights inside. */
export async function featureJob(
  { network }: BenchFeatures,
  images: ByteImages,
  executor?: Executor,
): Promise<FeatureJob> {
  const evaluate = (params: Params, pixels: Tensor): Tensor => network.evaluate(params, pixels).pool;
  const upload = (): Tensor => tf.tensor(Float32Array.from(images.data), [...images.shape]);
  const example = upload();
  const compiled =
    executor && (await compile(evaluate, [network.params, example] as [Params, Tensor], { executor, constants: [0] }));
  example.dispose();
  return {
    run: async () => {
      const pixels = upload();
      const pool = compiled ? await compiled(network.params, pixels) : evaluate(network.params, pixels);
      const data = (await pool.data()) as Float32Array;
      pool.dispose();
      pixels.dispose();
      return data;
    },
    dispose: () => compiled?.dispose() ?? Promise.resolve(),
  };
}

/** Frees a network's weights. */
export function disposeFeatures({ network }: BenchFeatures): void {
  disposeParams(network.params);
}
