/**
 * The PF ODE solved by the classical Runge-Kutta method in ln sigma, to about 1e-12 with the default number of steps: the
 * truth that samplers converge to where there is no closed form.
 */
export function exactFlow(
  denoise: (x: Float64Array, sigma: number) => Float64Array,
  start: Float64Array,
  { sigmaMax, sigmaMin, numSteps = 4000 }: { sigmaMax: number; sigmaMin: number; numSteps?: number },
): Float64Array {
  const h = Math.log(sigmaMin / sigmaMax) / numSteps;
  // dx / d ln sigma = x - D.
  const slope = (x: Float64Array, logSigma: number): Float64Array => {
    const denoised = denoise(x, Math.exp(logSigma));
    return x.map((value, i) => value - denoised[i]);
  };
  let x = start;
  for (let i = 0; i < numSteps; i += 1) {
    const at = Math.log(sigmaMax) + i * h;
    const moved = (k: Float64Array, share: number): Float64Array => x.map((value, j) => value + share * h * k[j]);
    const k1 = slope(x, at);
    const k2 = slope(moved(k1, 0.5), at + h / 2);
    const k3 = slope(moved(k2, 0.5), at + h / 2);
    const k4 = slope(moved(k3, 1), at + h);
    x = x.map((value, j) => value + (h / 6) * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j]));
  }
  return x;
}
