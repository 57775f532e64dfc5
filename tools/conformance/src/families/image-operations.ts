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
  ...filterOperations('f11', [1, 1]),
  ...filterOperations('f1331', [1, 3, 3, 1]),
  // The reference's shorthands set the padding so that the filter is centred.
  stylegan_upsample2d: (x) => upfirdn2d(x, smooth, { up: 2, gain: 4, padding: leading(2, 1) }),
  stylegan_downsample2d: (x) => upfirdn2d(x, smooth, { down: 2, padding: 1 }),
  stylegan_filter2d: (x) => upfirdn2d(x, smooth, { padding: leading(2, 1) }),
  stylegan_up3_down2_pad: (x) =>
    upfirdn2d(x, smooth, { up: 3, down: 2, gain: 2.5, padding: { left: 2, right: 1, top: 0, bottom: 3 } }),
  stylegan_asym: (x) => upfirdn2d(x, [1, 2, 5], { up: 2, padding: 1 }),
  stylegan_asym_flip: (x) => upfirdn2d(x, [1, 2, 5], { up: 2, padding: 1, flip: true }),
  nearest2x: (x) => filterUp(x, [1, 1]),
  avgpool2: (x) => filterDown(x, [1, 1]),
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
        if (!Object.hasOwn(operations, op)) return { name, needs: `image resampling ${op}` };
        return {
          name,
          run: async () => {
            const layer = (): Layer => ({ kernel: tensors[`${key}.w`], bias: tensors[`${key}.b`] });
            const result = tf.tidy(() => operations[op](uploadChannelsLast(tensors[`${key}.x`]), layer));
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

function filterOperations(name: string, filter: ResampleFilter): Record<string, Operation> {
  const margin = filter.length / 2 - 1;
  return {
    [`edm_up_${name}`]: (x) => filterUp(x, filter),
    [`edm_down_${name}`]: (x) => filterDown(x, filter),
    [`edm_conv3_up_${name}`]: (x, layer) => convolve(filterUp(x, filter), layer()),
    [`edm_conv3_down_${name}`]: (x, layer) => convolve(filterDown(x, filter), layer()),
    // Fused: one border for both, so that the second of the two sees what lies beyond the image instead of zeros.
    [`edm_conv3_up_${name}_fused`]: (x, layer) => {
      const { kernel, bias } = layer();
      const reach = filter.length - 1 - Math.max(0, margin - 1);
      const wide = upfirdn2d(x, filter, { up: 2, gain: 4, padding: leading(reach, reach - 1) });
      return convolve(wide, { kernel, bias }, Math.max(0, 1 - margin));
    },
    [`edm_conv3_down_${name}_fused`]: (x, layer) => {
      const { kernel, bias } = layer();
      const wide = convolve(x, { kernel }, 1 + margin);
      return tf.add(upfirdn2d(wide, filter, { down: 2 }), tf.tensor1d(Float32Array.from(bias.data)));
    },
  };
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
