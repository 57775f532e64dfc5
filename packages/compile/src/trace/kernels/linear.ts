import { tf } from '@onestep/tensor';
import { matMul, windowed, windowOutput, type Window2D } from '../../graph/linear';
import type { Node } from '../../graph/node';
import { transpose } from '../../graph/shape-ops';
import type { Kernel, KernelAttrs, KernelTable } from './kernel';

const toNhwc = [0, 2, 3, 1];
const toNchw = [0, 3, 1, 2];

type Shape4 = [number, number, number, number];

/** Strides, dilations and explicit pads of a convolution over `[B, H, W, C]`, with the output extents. */
function geometry(
  input: readonly number[],
  filter: readonly number[],
  attrs: KernelAttrs,
): { readonly window: Window2D; readonly output: Shape4 } {
  const info = tf.backend_util.computeConv2DInfo(
    [...input] as Shape4,
    [...filter] as Shape4,
    attrs.strides as [number, number],
    (attrs.dilations ?? 1) as [number, number],
    nhwcPad(attrs),
    attrs.dimRoundingMode as 'floor' | 'round' | 'ceil' | undefined,
  );
  const { top, left } = info.padInfo;
  // What the output needs, which rounding may make less or more than the pads that were asked for.
  const far = (extent: number, out: number, stride: number, kernel: number, before: number): number =>
    Math.max(0, (out - 1) * stride + kernel - extent - before);
  const bottom = far(info.inHeight, info.outHeight, info.strideHeight, info.effectiveFilterHeight, top);
  const right = far(info.inWidth, info.outWidth, info.strideWidth, info.effectiveFilterWidth, left);
  const window: Window2D = {
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: [top, left, bottom, right],
  };
  const [outHeight, outWidth] = windowOutput([info.inHeight, info.inWidth], filter, window);
  if (outHeight !== info.outHeight || outWidth !== info.outWidth) {
    // TensorFlow.js derives both sides from the height when the padding is a number.
    throw new RangeError(
      'a padding given as a number needs a square filter and equal strides; pass a list of paddings.',
    );
  }
  return { window, output: [info.batchSize, outHeight, outWidth, info.outChannels] };
}

type Padding = 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;

/** Explicit paddings follow the data format; inside everything is NHWC. */
function nhwcPad({ pad, dataFormat }: KernelAttrs): Padding {
  if (!Array.isArray(pad) || dataFormat !== 'NCHW') return pad as Padding;
  const [batch, channels, height, width] = pad as [number, number][];
  return [batch, height, width, channels] as tf.backend_util.ExplicitPadding;
}

/** Runs an NHWC kernel on NCHW operands when the call asks for it. */
function inFormat(attrs: KernelAttrs, x: Node, run: (x: Node) => Node): Node {
  return attrs.dataFormat === 'NCHW' ? transpose(run(transpose(x, toNhwc)), toNchw) : run(x);
}

const permuted = (shape: readonly number[], perm: readonly number[]): number[] => perm.map((axis) => shape[axis]);

function pool(op: 'maxPool' | 'avgPool'): Kernel {
  return ({ x }, attrs) => {
    const kernel = [attrs.filterSize].flat() as number[];
    const extents: [number, number] = [kernel[0], kernel[1] ?? kernel[0]];
    const strides = attrs.strides as [number, number];
    const channels = x.shape[3];
    const { window, output } = geometry(x.shape, [...extents, channels, channels], { ...attrs, strides });
    return windowed(op, [x], output, window, { kernel: extents });
  };
}

export const linearKernels: KernelTable = {
  BatchMatMul: ({ a, b }, { transposeA, transposeB }) => matMul(a, b, transposeA === true, transposeB === true),
  Conv2D: ({ x, filter }, attrs) =>
    inFormat(attrs, x, (image) => {
      const { window, output } = geometry(image.shape, filter.shape, attrs);
      if (image.shape[3] !== filter.shape[2]) throw new RangeError('grouped convolutions have no lowering.');
      return windowed('conv2d', [image, filter], output, window);
    }),
  Conv2DBackpropInput: ({ dy, filter }, attrs) =>
    inFormat(attrs, dy, (gradient) => {
      const given = attrs.inputShape as number[];
      const shape = attrs.dataFormat === 'NCHW' ? permuted(given, toNhwc) : given;
      const { window } = geometry(shape, filter.shape, attrs);
      return windowed('conv2dInputGrad', [gradient, filter], shape, window);
    }),
  Conv2DBackpropFilter: ({ x, dy }, attrs) => {
    const nchw = attrs.dataFormat === 'NCHW';
    const image = nchw ? transpose(x, toNhwc) : x;
    const gradient = nchw ? transpose(dy, toNhwc) : dy;
    const shape = attrs.filterShape as number[];
    const { window } = geometry(image.shape, shape, attrs);
    return windowed('conv2dFilterGrad', [image, gradient], shape, window);
  },
  MaxPool: pool('maxPool'),
  AvgPool: pool('avgPool'),
};
