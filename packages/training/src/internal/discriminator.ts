import { hostTensor, tf, type HostTensor, type Params, type RandomStream } from '@onestep/tensor';
import type { Rank, Tensor, Tensor1D, Tensor4D } from '@onestep/tensor';

type Shapes = Readonly<Record<string, readonly number[]>>;

/** A network that scores images: high where it takes them for data. */
export interface Discriminator {
  /** Shape of every parameter, by name. */
  readonly shapes: Shapes;
  /** Fresh weights, normal with variance 2 / fan-in (1 / fan-in for the score), biases zero; parameter by parameter from `rng`. */
  init(rng: (name: string) => RandomStream): Readonly<Record<string, HostTensor>>;
  /** Score of each image, `[B]`, unbounded. */
  score(params: Params, x: Tensor): Tensor1D;
}

/** Side of the smallest map of an image. */
const smallestSide = 4;

/**
 * A small discriminator of raw pixels or coordinates, without normalisation, so that no image's score depends on another.
 *
 * Points `[d]`: two hidden layers of `channels` units. Images `[H, W, C]`: a 3 x 3 convolution, then strided ones, each of
 * which halves the sides until the shorter is at most 4, with channels, 2 channels, 4 channels, 4 channels, ...; one linear
 * layer over the last map. SiLU in between.
 *
 * @param shape - of one image: `[d]` or `[H, W, C]`
 * @param channels - integer >= 1
 * @throws {@link RangeError} for a shape of another rank
 */
export function discriminator(shape: readonly number[], channels: number): Discriminator {
  const layers = shape.length === 1 ? pointLayers(shape[0], channels) : imageLayers(shape, channels);
  const shapes: Record<string, readonly number[]> = {};
  for (const { name, weight } of layers) {
    shapes[`${name}.weight`] = weight;
    shapes[`${name}.bias`] = weight.slice(-1);
  }
  return {
    shapes,
    init: (rng) =>
      Object.fromEntries(
        Object.entries(shapes).map(([name, own]) => [name, own.length === 1 ? zeros(own) : normal(name, own, rng)]),
      ),
    score: (params, x) =>
      tf.tidy(() => {
        let h = x;
        layers.forEach(({ name, weight, stride }, i) => {
          if (i > 0) h = tf.mul(h, tf.sigmoid(h));
          const kernel = params[`${name}.weight`];
          const mapped =
            stride === undefined
              ? tf.matMul<Tensor>(tf.reshape(h, [h.shape[0], weight[0]]), kernel)
              : tf.conv2d(h as Tensor4D, kernel as Tensor4D, stride, 'same');
          h = tf.add(mapped, params[`${name}.bias`]);
        });
        return tf.reshape<Rank.R1>(h, [x.shape[0]]);
      }),
  };
}

interface Layer {
  readonly name: string;
  /** `[inputs, outputs]`, or `[3, 3, inputs, outputs]`. */
  readonly weight: readonly number[];
  /** Of a convolution. */
  readonly stride?: number | undefined;
}

function pointLayers(d: number, channels: number): Layer[] {
  return [
    { name: 'layer0', weight: [d, channels] },
    { name: 'layer1', weight: [channels, channels] },
    { name: 'score', weight: [channels, 1] },
  ];
}

function imageLayers(shape: readonly number[], channels: number): Layer[] {
  if (shape.length !== 3) {
    throw new RangeError(`discriminator: images must have shape [d] or [H, W, C], got [${shape.join(', ')}].`);
  }
  let [height, width, inputs] = shape;
  const layers: Layer[] = [{ name: 'layer0', weight: [3, 3, inputs, channels], stride: 1 }];
  inputs = channels;
  while (Math.min(height, width) > smallestSide) {
    const outputs = channels * Math.min(2 ** layers.length, 4);
    layers.push({ name: `layer${layers.length}`, weight: [3, 3, inputs, outputs], stride: 2 });
    [height, width, inputs] = [Math.ceil(height / 2), Math.ceil(width / 2), outputs];
  }
  return [...layers, { name: 'score', weight: [height * width * inputs, 1] }];
}

function zeros(shape: readonly number[]): HostTensor {
  return hostTensor(new Float32Array(shape[0]), shape);
}

function normal(name: string, shape: readonly number[], rng: (name: string) => RandomStream): HostTensor {
  const fanIn = shape.slice(0, -1).reduce((product, length) => product * length, 1);
  const std = Math.sqrt((name === 'score.weight' ? 1 : 2) / fanIn);
  const values = rng(name).normal(fanIn * shape[shape.length - 1]);
  return hostTensor(
    values.map((value) => std * value),
    shape,
  );
}
