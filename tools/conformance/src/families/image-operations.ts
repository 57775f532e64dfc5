import { averagePoolInside, maxPool } from '@onestep/metrics';
import { filterDown, filterUp, upfirdn2d, type ResampleFilter, type UpfirdnPadding } from '@onestep/models';
import { tf, type HostTensor, type Tensor, type Tensor4D } from '@onestep/tensor';
import type { AnyCase } from '../case';
import { compare, tolerances } from '../compare';
import type { Family, GoldenFile } from '../family';
import { downloadChannelsFirst, uploadChannelsLast } from './channels';
import { resizeCases } from './image-resizing';

/** What an operation has beside the image: a 3 x 3 kernel `[out, in, 3, 3]` and a bias. */
interface Layer {
  readonly kernel: HostTensor;
  readonly bias: HostTensor;
}

type Operation = (x: Tensor, layer: () => Layer) => Tensor;

const smooth = [1, 3, 3, 1] as const;

/** The operations of the file that a network here uses, under the file's names. */
const operations: Readonly<Record<string, Operation>> = {
  // The reference's shorthands set the padding so that the filter is centred.
  stylegan_upsample2d: (x) => upfirdn2d(x, smooth, { up: 2, gain: 4, padding: leading(2, 1) }),
  stylegan_downsample2d: (x) => upfirdn2d(x, smooth, { down: 2, padding: 1 }),
  stylegan_filter2d: (x) => upfirdn2d(x, smooth, { padding: leading(2, 1) }),
  stylegan_up3_down2_pad: (x) =>
    upfirdn2d(x, smooth, { up: 3, down: 2, gain: 2.5, padding: { left: 2, right: 1, top: 0, bottom: 3 } }),
  stylegan_asym: (x) => upfirdn2d(x, [1, 2, 5], { up: 2, padding: 1 }),
  stylegan_asym_flip: (x) => upfirdn2d(x, [1, 2, 5], { up: 2, padding: 1, flip: true }),
  nearest2x: (x) => filterUp(x, [1, 1]),
  avgpool2: (x) => halved(x, [1, 1]),
  avgpool3_same_excl_pad: (x) => averagePoolInside(x as Tensor4D),
  maxpool3_same: (x) => maxPool(x as Tensor4D, { size: 3, stride: 1, margin: 1 }),
  maxpool3_s2_ceil: (x) => maxPool(x as Tensor4D, { size: 3, stride: 2, ceil: true }),
};

/** Resampling and resizing of images (`imageops/*.json`). */
export const imageOperations: Family = {
  name: 'image operations',
  recognises: (content) => content.has('resize') && content.has('resample'),
  cases(file) {
    file.hasCompanion(`${file.stem}.safetensors`);
    return [...resizeCases(file), ...resampleCases(file)];
  },
};

function resampleCases(file: GoldenFile): readonly AnyCase[] {
  const tensors = file.companion(`${file.stem}.safetensors`);
  return file.content
    .entry('resample')
    .entries('cases')
    .flatMap((entry, i) => {
      const key = entry.text('key');
      return (entry.json.ops as readonly string[]).map((op): AnyCase => {
        const name = `${file.path}#resample.${i}/${op}`;
        const operation = Object.hasOwn(operations, op) ? operations[op] : filterOperation(op);
        if (operation === undefined) return { name, needs: `image resampling ${op}` };
        return {
          name,
          run: async () => {
            const layer = (): Layer => ({ kernel: tensors[`${key}.w`], bias: tensors[`${key}.b`] });
            const result = tf.tidy(() => operation(uploadChannelsLast(tensors[`${key}.x`]), layer));
            return compare(
              await downloadChannelsFirst(result),
              tensors[`${key}.${op}`].data,
              tolerances.scheduleFloat32,
            );
          },
        };
      });
    });
}

/** `edm_up_f11`, `edm_conv3_down_f1331_fused` and the like: the digits after `f` are the taps. */
function filterOperation(op: string): Operation | undefined {
  const found = /^edm_(conv3_)?(up|down)_f(\d+)(_fused)?$/.exec(op);
  if (found === null) return undefined;
  const [, convolved, direction, digits, fused] = found as unknown as readonly (string | undefined)[];
  const filter = Array.from(digits ?? '', Number);
  // Zeros on each side of the smaller grid's image.
  const margin = Math.floor((filter.length - 1) / 2);
  const resample = direction === 'up' ? doubled : halved;
  if (convolved === undefined) return fused === undefined ? (x) => resample(x, filter) : undefined;
  if (fused === undefined) return (x, layer) => convolve(resample(x, filter), layer());
  // Fused: one border for both, so that the second of the two sees what lies beyond the image instead of zeros.
  if (direction === 'up') {
    const reach = filter.length - 1 - Math.max(0, margin - 1);
    return (x, layer) => {
      const wide = upfirdn2d(x, filter, { up: 2, gain: 4, padding: leading(reach, reach - 1) });
      return convolve(wide, layer(), Math.max(0, 1 - margin));
    };
  }
  return (x, layer) => {
    const { kernel, bias } = layer();
    const wide = convolve(x, { kernel }, 1 + margin);
    return tf.add(upfirdn2d(wide, filter, { down: 2, flip: true }), tf.tensor1d(Float32Array.from(bias.data)));
  };
}

/** Half the grid; with an odd side or an odd number of taps by the general operation. */
function halved(x: Tensor, filter: ResampleFilter): Tensor {
  const [, height, width] = x.shape as [number, number, number, number];
  if (filter.length % 2 === 0 && height % 2 === 0 && width % 2 === 0) return filterDown(x, filter);
  return upfirdn2d(x, filter, { down: 2, padding: Math.floor((filter.length - 1) / 2), flip: true });
}

function doubled(x: Tensor, filter: ResampleFilter): Tensor {
  if (filter.length % 2 === 0) return filterUp(x, filter);
  const reach = filter.length - 1 - Math.floor((filter.length - 1) / 2);
  return upfirdn2d(x, filter, { up: 2, gain: 4, padding: leading(reach, reach - 1) });
}

/** A 3 x 3 convolution of the image with `margin` zeros around it. */
function convolve(x: Tensor, { kernel, bias }: Partial<Layer> & Pick<Layer, 'kernel'>, margin = 1): Tensor {
  const turned = tf.transpose(tf.tensor(kernel.data, [...kernel.shape]), [2, 3, 1, 0]);
  const y = tf.conv2d(x as Tensor4D, turned as Tensor4D, 1, margin);
  return bias === undefined ? y : tf.add(y, tf.tensor1d(Float32Array.from(bias.data)));
}

function leading(before: number, after: number): UpfirdnPadding {
  return { left: before, right: after, top: before, bottom: after };
}
