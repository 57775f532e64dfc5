import { gaussLegendre, integrate } from './quadrature';

const rule = gaussLegendre(16);

/**
 * Integrals over sigma of the Lagrange basis through `nodes`: c_j = int prod_(k != j) (u - u_k) / (u_j - u_k) dsigma,
 * where u = clock(sigma) is the variable that the basis is polynomial in.
 *
 * @param nodes - noise levels, distinct, at most 16
 * @param clock - strictly increasing; default sigma itself, for which the result is exact up to rounding
 * @returns one weight per node; they add up to `to - from`
 */
export function lagrangeIntegrals(
  nodes: readonly number[],
  from: number,
  to: number,
  clock?: (sigma: number) => number,
): number[] {
  const u = clock === undefined ? nodes : nodes.map(clock);
  const panels = clock === undefined ? [from, to] : halvings(from, to);
  return u.map((own, j) => {
    const basis = (sigma: number): number => {
      const at = clock === undefined ? sigma : clock(sigma);
      return u.reduce((product, other, k) => (k === j ? product : (product * (at - other)) / (own - other)), 1);
    };
    return panels.slice(1).reduce((sum, end, p) => sum + integrate(rule, basis, panels[p], end), 0);
  });
}

/** Ends of panels from `from` down to `to`, each half the last: a clock may be singular near 0. */
function halvings(from: number, to: number): number[] {
  const ends = [from];
  for (let sigma = from / 2; sigma > Math.max(to, from * 2 ** -40); sigma /= 2) ends.push(sigma);
  return [...ends, to];
}
