import type { PoolWindow } from '../layers/pooling';

/** Networks that LPIPS sees through. */
export const lpipsNets = ['vgg16', 'alexnet', 'squeezenet'] as const;

/** Name of such a network. */
export type LpipsNet = (typeof lpipsNets)[number];

/** A convolution with bias and ReLU. */
export interface TrunkConvolution {
  /** As torchvision names it, without `.weight`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly stride: number;
  readonly margin: number;
}

/** One layer of a trunk; what a `tap` gives is compared. */
export type TrunkLayer =
  | { readonly kind: 'convolution'; readonly convolution: TrunkConvolution; readonly tap: boolean }
  | { readonly kind: 'pool'; readonly window: PoolWindow }
  /** One convolution, then two side by side. */
  | {
      readonly kind: 'fire';
      readonly squeeze: TrunkConvolution;
      readonly expand: readonly TrunkConvolution[];
      readonly tap: boolean;
    };

/** A trunk and its name in messages. */
export interface Trunk {
  readonly title: string;
  readonly layers: readonly TrunkLayer[];
}

type ConvolutionOptions = Partial<Pick<TrunkConvolution, 'size' | 'stride' | 'margin'>>;

const convolution = (
  name: string,
  inputs: number,
  outputs: number,
  { size = 3, stride = 1, margin = (size - 1) / 2 }: ConvolutionOptions = {},
): TrunkConvolution => ({ name, inputs, outputs, size, stride, margin });

const plain = (
  index: number,
  inputs: number,
  outputs: number,
  tap: boolean,
  options?: ConvolutionOptions,
): TrunkLayer => ({
  kind: 'convolution',
  convolution: convolution(`features.${index}`, inputs, outputs, options),
  tap,
});

const pool = (window: PoolWindow): TrunkLayer => ({ kind: 'pool', window });

function fire(index: number, inputs: number, squeezed: number, expanded: number, tap: boolean): TrunkLayer {
  const name = `features.${index}`;
  return {
    kind: 'fire',
    squeeze: convolution(`${name}.squeeze`, inputs, squeezed, { size: 1 }),
    expand: [
      convolution(`${name}.expand1x1`, squeezed, expanded, { size: 1 }),
      convolution(`${name}.expand3x3`, squeezed, expanded),
    ],
    tap,
  };
}

const halves = pool({ size: 2, stride: 2 });
const overlapping = pool({ size: 3, stride: 2 });
const overhanging = pool({ size: 3, stride: 2, ceil: true });

/** Layers up to the last tap, under the indices of torchvision. */
export const trunks: Readonly<Record<LpipsNet, Trunk>> = {
  vgg16: {
    title: 'VGG16',
    layers: [
      plain(0, 3, 64, false),
      plain(2, 64, 64, true),
      halves,
      plain(5, 64, 128, false),
      plain(7, 128, 128, true),
      halves,
      plain(10, 128, 256, false),
      plain(12, 256, 256, false),
      plain(14, 256, 256, true),
      halves,
      plain(17, 256, 512, false),
      plain(19, 512, 512, false),
      plain(21, 512, 512, true),
      halves,
      plain(24, 512, 512, false),
      plain(26, 512, 512, false),
      plain(28, 512, 512, true),
    ],
  },
  alexnet: {
    title: 'AlexNet',
    layers: [
      plain(0, 3, 64, true, { size: 11, stride: 4, margin: 2 }),
      overlapping,
      plain(3, 64, 192, true, { size: 5 }),
      overlapping,
      plain(6, 192, 384, true),
      plain(8, 384, 256, true),
      plain(10, 256, 256, true),
    ],
  },
  squeezenet: {
    title: 'SqueezeNet 1.1',
    layers: [
      plain(0, 3, 64, true, { stride: 2, margin: 0 }),
      overhanging,
      fire(3, 64, 16, 64, false),
      fire(4, 128, 16, 64, true),
      overhanging,
      fire(6, 128, 32, 128, false),
      fire(7, 256, 32, 128, true),
      overhanging,
      fire(9, 256, 48, 192, true),
      fire(10, 384, 48, 192, true),
      fire(11, 384, 64, 256, true),
      fire(12, 512, 64, 256, true),
    ],
  },
};

/** Every convolution of a trunk. */
export function trunkConvolutions(net: LpipsNet): readonly TrunkConvolution[] {
  return trunks[net].layers.flatMap((layer) => {
    if (layer.kind === 'pool') return [];
    return layer.kind === 'fire' ? [layer.squeeze, ...layer.expand] : [layer.convolution];
  });
}

/** Channels of each tap. */
export function tapWidths(net: LpipsNet): readonly number[] {
  return trunks[net].layers.flatMap((layer) => {
    if (layer.kind === 'pool' || !layer.tap) return [];
    return layer.kind === 'fire'
      ? [layer.expand.reduce((sum, { outputs }) => sum + outputs, 0)]
      : [layer.convolution.outputs];
  });
}
