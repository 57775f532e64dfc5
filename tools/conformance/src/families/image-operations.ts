import { averagePoolInside, maxPool } from '@onestep/metrics';
import { filterDown, filterUp, type ResampleFilter } from '@onestep/models';
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

/** The operations of the file that a network here uses, under the file's names. */
const operations: Readonly<Record<string, Operation>> = {
  ...filterOperations('f11', [1, 1]),
  ...filterOperations('f1331', [1, 3, 3, 1]),
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
    // The convolution first, over the filter's margin too; the filter then has no padding of its own.
    [`edm_conv3_down_${name}_fused`]: (x, layer) => {
      const { kernel, bias } = layer();
      const wide = convolve(pad(x, margin), { kernel, bias: { ...bias, data: bias.data.map(() => 0) } });
      const halved = filterDown(pad(wide, margin), filter);
      const [height, width] = [(x.shape[1] ?? 0) / 2, (x.shape[2] ?? 0) / 2];
      const inside = tf.slice(halved, [0, margin, margin, 0], [-1, height, width, -1]);
      return tf.add(inside, tf.tensor1d(Float32Array.from(bias.data)));
    },
  };
}

function convolve(x: Tensor, { kernel, bias }: Layer): Tensor {
  const turned = tf.transpose(tf.tensor(kernel.data, [...kernel.shape]), [2, 3, 1, 0]);
  return tf.add(tf.conv2d(x as Tensor4D, turned as Tensor4D, 1, 'same'), tf.tensor1d(Float32Array.from(bias.data)));
}

function pad(x: Tensor, margin: number): Tensor {
  const side: [number, number] = [margin, margin];
  return tf.pad(x, [[0, 0], side, side, [0, 0]]);
}
