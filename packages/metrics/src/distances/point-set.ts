/** Points, one per row; a `HostTensor` is one. */
export interface PointSet {
  /** `[N, ...]`: what follows N is flattened to one vector per point. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: ArrayLike<number>;
}

/** Count and dimension of a point set, checked. */
export interface PointSetSize {
  readonly count: number;
  readonly dimension: number;
}

/**
 * Checks a pair of point sets once.
 *
 * @throws {@link RangeError} if a shape does not fit its data, a set is empty, dimensions differ, or a number is not finite
 */
export function checkPair(where: string, a: PointSet, b: PointSet): readonly [PointSetSize, PointSetSize] {
  const first = checkPoints(`${where}: a`, a);
  const second = checkPoints(`${where}: b`, b);
  if (first.dimension !== second.dimension) {
    throw new RangeError(`${where}: a has ${first.dimension} numbers per point, b has ${second.dimension}.`);
  }
  return [first, second];
}

/**
 * Checks one point set.
 *
 * @throws {@link RangeError} if the shape does not fit the data, the set is empty, or a number is not finite, naming the point
 */
export function checkPoints(where: string, { shape, data }: PointSet): PointSetSize {
  const [count = 0, ...rest] = shape;
  const dimension = rest.reduce((product, length) => product * length, 1);
  if (!Number.isInteger(count) || !(count >= 1) || !(dimension >= 1) || count * dimension !== data.length) {
    throw new RangeError(`${where} has shape [${shape.join(', ')}] and ${data.length} numbers, expected [N, ...].`);
  }
  for (let i = 0; i < data.length; i += 1) {
    if (!Number.isFinite(data[i])) {
      throw new RangeError(`${where} has ${data[i]} in point ${Math.floor(i / dimension)}, expected finite numbers.`);
    }
  }
  return { count, dimension };
}
