const round = Math.fround;
const coefficients = [
  2.6083159809786593541503e-6, -0.0001981069071916863322258, 0.00833307858556509017944336, -0.166666597127914428710938,
].map(round);

/**
 * Sine in float32, bit for bit as the SIMD library SLEEF computes it (`sinf`, 1.0 ulp), for x in [0, pi/2].
 * It differs from the correctly rounded sine at about 5 % of the points: needed where a published table was made with it.
 *
 * @see Shibata & Petrogalli 2020, "SLEEF: a portable vectorized library of C standard mathematical functions"
 */
export function float32Sine(x: number): number {
  const square = x * x;
  const top = round(square);
  // The two leading coefficients by fused multiply-add in float32, the rest in extended precision.
  const [c9, c7, c5, c3] = coefficients;
  const tail = round(round(round(c9 * top + c7) * top + c5) * top);
  return round(x * (1 + (c3 + tail) * square));
}
