import type { LenetDataset } from '@onestep/metrics';
import { hostTensor, type HostTensor } from '@onestep/tensor';

/** A polyline through points (x, y) in [0, 1], and its width as a share of the image's. */
interface Stroke {
  readonly through: readonly (readonly [x: number, y: number])[];
  readonly width: number;
}

const line = (width: number, ...through: Stroke['through']): Stroke => ({ through, width });

/** Crude drawings: a ring, a bar, a seven, a cross; a shirt, trousers, a boot, a bag. */
const drawings: Readonly<Record<LenetDataset, readonly (readonly Stroke[])[]>> = {
  mnist: [
    [line(0.14, [0.5, 0.2], [0.72, 0.35], [0.72, 0.65], [0.5, 0.8], [0.28, 0.65], [0.28, 0.35], [0.5, 0.2])],
    [line(0.14, [0.52, 0.18], [0.48, 0.82])],
    [line(0.14, [0.28, 0.24], [0.72, 0.24], [0.45, 0.82])],
    [line(0.14, [0.35, 0.2], [0.3, 0.52], [0.72, 0.52]), line(0.14, [0.68, 0.2], [0.64, 0.84])],
  ],
  'fashion-mnist': [
    [line(0.42, [0.5, 0.3], [0.5, 0.74]), line(0.2, [0.14, 0.36], [0.34, 0.2], [0.66, 0.2], [0.86, 0.36])],
    [line(0.17, [0.4, 0.12], [0.38, 0.9]), line(0.17, [0.6, 0.12], [0.62, 0.9])],
    [line(0.3, [0.68, 0.2], [0.68, 0.7]), line(0.2, [0.2, 0.76], [0.78, 0.76])],
    [line(0.4, [0.28, 0.66], [0.72, 0.66]), line(0.06, [0.3, 0.46], [0.38, 0.2], [0.62, 0.2], [0.7, 0.46])],
  ],
};

/** The drawings for a dataset, white on black (for clothes light grey), with hard edges: `[4, H, W, 1]`. */
export function drawnStrokes(dataset: LenetDataset, [height, width]: readonly number[]): HostTensor {
  const ink = dataset === 'mnist' ? 1 : 0.4;
  const pictures = drawings[dataset];
  const data = new Float32Array(pictures.length * height * width).fill(-1);
  pictures.forEach((strokes, picture) => {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const at = [(x + 0.5) / width, (y + 0.5) / height] as const;
        if (strokes.some((stroke) => covers(stroke, at))) data[(picture * height + y) * width + x] = ink;
      }
    }
  });
  return hostTensor(data, [pictures.length, height, width, 1]);
}

function covers({ through, width }: Stroke, point: readonly [number, number]): boolean {
  return through.slice(1).some((end, i) => distance(point, through[i], end) <= width / 2);
}

/** Distance of a point from a line segment. */
function distance(
  [x, y]: readonly [number, number],
  [fromX, fromY]: readonly [number, number],
  [toX, toY]: readonly [number, number],
): number {
  const [alongX, alongY] = [toX - fromX, toY - fromY];
  const share = ((x - fromX) * alongX + (y - fromY) * alongY) / (alongX ** 2 + alongY ** 2);
  const nearest = Math.min(1, Math.max(0, share));
  return Math.hypot(x - fromX - nearest * alongX, y - fromY - nearest * alongY);
}
