import { encodePng } from '../save-image-grid';

/** How the bytes of an image of this shape become a PNG file. */
export function pngEncoder(shape: readonly number[]): (values: Uint8Array) => Promise<Uint8Array> {
  const [height, width, channels] = shape;
  return (values) => encodePng({ pixels: values, width, height, channels });
}
