import { resizeImages, type ResizeRule } from '@onestep/metrics';
import type { AnyCase } from '../case';
import { compare, tolerances } from '../compare';
import type { GoldenFile } from '../family';
import { downloadChannelsFirst, uploadChannelsLast } from './channels';

/** The rules that a metric's preprocessing uses, under the file's names. */
const rules: Readonly<Record<string, ResizeRule>> = {
  tf1: 'tf1-bilinear',
  tf1_align_corners: 'tf1-bilinear-align-corners',
  torch_bilinear: 'bilinear',
  torch_bilinear_align_corners: 'bilinear-align-corners',
  torch_bilinear_antialias: 'bilinear-antialias',
  torch_bicubic: 'bicubic',
  torch_bicubic_antialias: 'bicubic-antialias',
  torch_nearest: 'nearest',
  torch_area: 'area',
};

/** One case per image and rule. Of large results the file has only some rows and columns. */
export function resizeCases(file: GoldenFile): readonly AnyCase[] {
  const tensors = file.companion(`${file.stem}.safetensors`);
  return file.content
    .entry('resize')
    .entries('cases')
    .flatMap((entry, i) => {
      const key = entry.text('key');
      const [height, width] = entry.numbers('out_size');
      const rows = entry.has('stored_rows') ? entry.numbers('stored_rows') : range(height);
      const columns = entry.has('stored_cols') ? entry.numbers('stored_cols') : range(width);
      return (entry.json.ops as readonly string[]).map((op): AnyCase => {
        const name = `${file.path}#resize.${i}/${op}`;
        if (!Object.hasOwn(rules, op)) return { name, needs: `image resizing ${op}` };
        return {
          name,
          run: async () => {
            const images = uploadChannelsLast(tensors[`${key}.x`]);
            const resized = await downloadChannelsFirst(resizeImages(images, [height, width], rules[op]));
            images.dispose();
            const planes = resized.length / (height * width);
            const stored = range(planes).flatMap((plane) =>
              rows.flatMap((row) => columns.map((column) => resized[(plane * height + row) * width + column])),
            );
            return compare(stored, tensors[`${key}.${op}`].data, tolerances.scheduleFloat32);
          },
        };
      });
    });
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
