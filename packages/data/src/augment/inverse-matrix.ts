import type { ImageAugmentation } from './draw-augmentation';

/** Affine map of the plane, row by row: (x, y) to (a x + b y + c, d x + e y + f). */
export type AffineMap = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** log2 of the scale factor at w = 1, and the shift at w = 1 as a share of the side. */
const scaleStd = 0.2;
const translateStd = 0.125;

/**
 * Where each point of the augmented image comes from: the inverse of its transforms, first scaling, then rotation, then
 * anisotropic scaling, then shift. Coordinates are pixels from the centre of the image, y downwards.
 *
 * @param augmentation - of the image; its flips are not part of this
 * @param size - height and width in pixels
 * @returns the map, or undefined where there is nothing to map
 */
export function inverseMatrix(
  { scale, rotate, aniso, anisoAngle, translate }: ImageAugmentation,
  [height, width]: readonly [number, number],
): AffineMap | undefined {
  if (scale === 0 && rotate === 0 && aniso === 0 && translate[0] === 0 && translate[1] === 0) return undefined;
  const shrink = 2 ** (-scaleStd * scale);
  const along = 2 ** (-scaleStd * aniso);
  return [
    scaling(shrink, shrink),
    rotation(rotate),
    rotation(-anisoAngle),
    scaling(along, 1 / along),
    rotation(anisoAngle),
    [1, 0, -translateStd * width * translate[0], 0, 1, -translateStd * height * translate[1]] as AffineMap,
  ].reduce(product);
}

const scaling = (x: number, y: number): AffineMap => [x, 0, 0, 0, y, 0];

function rotation(angle: number): AffineMap {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return [cos, -sin, 0, sin, cos, 0];
}

function product([a, b, c, d, e, f]: AffineMap, [p, q, r, s, t, u]: AffineMap): AffineMap {
  return [a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f];
}
