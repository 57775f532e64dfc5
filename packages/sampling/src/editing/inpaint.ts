import { hostTensor, tf, toTensor, type HostTensor, type Tensor } from '@onestep/tensor';
import { checkImages, rowsOf } from '../internal/host-rows';
import type { Constraint } from './constraint';
import { editImages, type EditedImages, type EditImagesOptions } from './edit-images';
import type { EditingTask } from './presets';

/**
 * Known pixels: merge(x) is the image where the mask is 0 and x where it is 1.
 *
 * @param images - `[B, H, W, C]`; read where the mask is 0
 * @param mask - 0 (known) or 1 (to be generated), of the images' rank, each length the images' or 1
 * @param options - `fill`: what `known` holds where nothing is known, default 0 as in the paper (its code has -1)
 * @see Song et al. 2023, appendix D
 */
export function inpaintConstraint(
  images: Tensor,
  mask: Tensor,
  { fill = 0 }: { readonly fill?: number } = {},
): Constraint<Tensor> {
  const [known, kept, free] = tf.tidy((): [Tensor, Tensor, Tensor] => {
    const wide = tf.mul(mask, tf.onesLike(images));
    const part = tf.mul(images, tf.sub(1, wide));
    return [tf.add(part, tf.mul(wide, fill)), part, wide];
  });
  return {
    known,
    merge: (x) => tf.tidy(() => tf.add(kept, tf.mul(x, free))),
    dispose: () => tf.dispose([known, kept, free]),
  };
}

/** Options of {@link inpaint}. */
export interface InpaintOptions {
  /** `[B or 1, H, W, C or 1]`: 0 where a pixel is known, 1 where it is to be generated. */
  readonly mask: HostTensor;
}

/**
 * Fills holes of images and leaves every other pixel as it is.
 *
 * @param images - `[B, H, W, C]` in [-1, 1]; what stands in the holes does not matter, as long as it is finite
 * @param options - `mask`, the model, and those of every edit
 * @returns images whose known pixels are bit for bit the given ones
 * @throws RangeError if the mask does not fit the images or has values other than 0 and 1
 * @see Song et al. 2023, Algorithm 4 with A the identity
 */
export function inpaint(images: HostTensor, options: EditImagesOptions & InpaintOptions): Promise<EditedImages> {
  return fillHoles('inpaint', images, options);
}

/** What {@link inpaint} does, for a task of any name. */
export async function fillHoles(
  task: EditingTask,
  images: HostTensor,
  options: EditImagesOptions & InpaintOptions,
): Promise<EditedImages> {
  checkImages(task, images);
  const mask = wideMask(task, images, options.mask);
  const emptied = Float32Array.from(images.data, (value, i) => (mask.data[i] === 1 ? 0 : value));
  const guide = hostTensor(emptied, images.shape);
  const edited = await editImages(
    {
      task,
      guide,
      constraint(rows) {
        const parts = [toTensor(rowsOf(guide, rows)), toTensor(rowsOf(mask, rows))] as const;
        try {
          return inpaintConstraint(...parts);
        } finally {
          tf.dispose([...parts]);
        }
      },
    },
    options,
  );
  // A backend may hold tensors in less than float32; known pixels do not pay for it.
  const { data } = edited.images;
  for (let i = 0; i < data.length; i += 1) if (mask.data[i] === 0) data[i] = images.data[i];
  return edited;
}

/** The mask in the images' shape, checked. */
function wideMask(where: string, images: HostTensor, mask: HostTensor): HostTensor {
  const fits =
    mask.shape.length === 4 &&
    mask.shape.every((length, axis) => length === images.shape[axis] || (length === 1 && (axis === 0 || axis === 3)));
  if (!fits) {
    throw new RangeError(
      `${where}: mask has shape [${mask.shape.join(', ')}], expected [B or 1, H, W, C or 1] for images of shape [${images.shape.join(', ')}].`,
    );
  }
  const wrong = mask.data.findIndex((value) => value !== 0 && value !== 1);
  if (wrong >= 0) {
    throw new RangeError(
      `${where}: mask must hold 0 (known) and 1 (generated), but element ${wrong} is ${mask.data[wrong]}. Threshold it.`,
    );
  }
  const [, height, width, channels] = images.shape;
  const wide = Float32Array.from({ length: images.data.length }, (_, i) => {
    const pixel = mask.shape[0] === 1 ? Math.floor(i / channels) % (height * width) : Math.floor(i / channels);
    return mask.data[mask.shape[3] === 1 ? pixel : pixel * channels + (i % channels)];
  });
  return hostTensor(wide, images.shape);
}
