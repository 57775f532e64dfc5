import { resizeImages } from '@onestep/metrics';
import { hostTensor, tf, toHost, toTensor, type HostTensor } from '@onestep/tensor';

/** A mask `[1, H, W, 1]` that is 1 in a centred square. */
export function centredHole([height, width]: readonly number[], side: number): HostTensor {
  const [top, left] = [(height - side) >> 1, (width - side) >> 1];
  return maskOf([height, width], (y, x) => y >= top && y < top + side && x >= left && x < left + side);
}

/** A mask `[1, H, W, 1]` that is 1 in the right half. */
export function rightHalf([height, width]: readonly number[]): HostTensor {
  return maskOf([height, width], (_, x) => x >= width >> 1);
}

function maskOf([height, width]: readonly [number, number], isHole: (y: number, x: number) => boolean): HostTensor {
  const data = Float32Array.from({ length: height * width }, (_, i) =>
    isHole(Math.floor(i / width), i % width) ? 1 : 0,
  );
  return hostTensor(data, [1, height, width, 1]);
}

/**
 * Images with other values in their holes.
 *
 * @param mask - `[1, H, W, 1]`, 1 in the holes
 * @param fill - the value for element i of an image
 */
export function filled({ data, shape }: HostTensor, mask: HostTensor, fill: (element: number) => number): HostTensor {
  const [, height, width, channels] = shape;
  const size = height * width * channels;
  const result = Float32Array.from(data, (value, i) =>
    mask.data[Math.floor((i % size) / channels)] === 1 ? fill(i % size) : value,
  );
  return hostTensor(result, shape);
}

/** Enlarged images, clipped to [-1, 1]: `bicubic-antialias` is the cubic of Keys, as in Pillow; `nearest` repeats pixels. */
export async function enlarged(
  images: HostTensor,
  [height, width]: readonly number[],
  rule: 'bicubic-antialias' | 'nearest',
): Promise<HostTensor> {
  const x = toTensor(images);
  const larger = tf.tidy(() => tf.clipByValue(resizeImages(x, [height, width], rule), -1, 1));
  try {
    return await toHost(larger);
  } finally {
    tf.dispose([x, larger]);
  }
}

/** Values outside [-1, 1] cut off. */
export function clipped({ data, shape }: HostTensor): HostTensor {
  return hostTensor(
    Float32Array.from(data, (value) => Math.min(1, Math.max(-1, value))),
    shape,
  );
}
