/** Nodes in [-1, 1] and weights. */
interface Rule {
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

/** Gauss-Legendre rule of `count` points, exact for polynomials of degree 2 count - 1: Newton's method on the roots. */
export function gaussLegendre(count: number): Rule {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let k = 0; k < count; k += 1) {
    let x = Math.cos((Math.PI * (k + 0.75)) / (count + 0.5));
    // Newton doubles the digits; from this start five rounds reach the last one.
    for (let round = 0; round < 8; round += 1) {
      const { value, slope } = legendre(count, x);
      x -= value / slope;
    }
    const { slope } = legendre(count, x);
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

/** Legendre polynomial and its derivative at x, |x| < 1. */
function legendre(degree: number, x: number): { readonly value: number; readonly slope: number } {
  let before = 1;
  let value = x;
  for (let n = 2; n <= degree; n += 1) [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
  return { value, slope: (degree * (x * value - before)) / (x * x - 1) };
}

/** Integral of `f` from `from` to `to`, in either direction. */
export function integrate({ nodes, weights }: Rule, f: (x: number) => number, from: number, to: number): number {
  const middle = (from + to) / 2;
  const half = (to - from) / 2;
  return half * nodes.reduce((sum, node, k) => sum + weights[k] * f(middle + half * node), 0);
}
