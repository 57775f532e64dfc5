/** 32-bit words or bytes of the wasm heap. */
type Heap = Float32Array | Int32Array | Uint8Array;

/** Below this many elements a loop beats a view and a call to `set`; measured. */
const shortRun = 32;

/**
 * Copies a box between two row-major arrays: `out[outStart + offset] = from[start + offset]` over `size`, each side
 * with its own strides. Axes that are contiguous on both sides are merged first, so that a slice of whole
 * images is one copy.
 *
 * @param from - source
 * @param start - first element of the box in the source
 * @param fromStrides - elements per step of each axis in the source
 * @param out - target; must not overlap the box
 * @param outStart - first element of the box in the target
 * @param outStrides - elements per step of each axis in the target
 * @param size - extent of each axis; the last axis must have stride 1 on both sides
 */
export function copyBox(
  from: Heap,
  start: number,
  fromStrides: readonly number[],
  out: Heap,
  outStart: number,
  outStrides: readonly number[],
  size: readonly number[],
): void {
  if (size.some((extent) => extent === 0)) return;
  let run = 1;
  let axis = size.length - 1;
  while (axis >= 0 && fromStrides[axis] === run && outStrides[axis] === run) {
    run *= size[axis];
    axis -= 1;
  }
  const position = new Array<number>(axis + 1).fill(0);
  let source = start;
  let target = outStart;
  for (;;) {
    if (run < shortRun) for (let i = 0; i < run; i += 1) out[target + i] = from[source + i];
    else out.set(from.subarray(source, source + run), target);
    let moving = axis;
    while (moving >= 0) {
      position[moving] += 1;
      source += fromStrides[moving];
      target += outStrides[moving];
      if (position[moving] < size[moving]) break;
      source -= fromStrides[moving] * size[moving];
      target -= outStrides[moving] * size[moving];
      position[moving] = 0;
      moving -= 1;
    }
    if (moving < 0) return;
  }
}

/** Elements per step of each axis of a row-major array; the last is 1. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis -= 1) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}
