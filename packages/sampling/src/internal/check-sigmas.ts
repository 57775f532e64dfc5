/** Refuses anything but finite, strictly decreasing noise levels, or such that may stay; at least `atLeast` of them. */
export function checkSigmas(
  where: string,
  sigmas: readonly number[],
  atLeast: number,
  finalZero: boolean,
  mayStay = false,
): void {
  if (sigmas.length < atLeast) {
    throw new RangeError(`${where}: sigmas must hold at least ${atLeast} noise levels, got ${sigmas.length}.`);
  }
  sigmas.forEach((sigma, i) => {
    const mayBeZero = finalZero && i === sigmas.length - 1;
    if (!Number.isFinite(sigma) || sigma < 0 || (sigma === 0 && !mayBeZero)) {
      const hint = finalZero ? ' (only the last may be 0)' : ' (this sampler takes no final 0)';
      throw new RangeError(`${where}: sigmas must be finite and > 0${hint}, but sigmas[${i}] = ${sigma}.`);
    }
    if (i > 0 && (mayStay ? sigma > sigmas[i - 1] : sigma >= sigmas[i - 1])) {
      throw new RangeError(
        `${where}: sigmas must ${mayStay ? 'not increase' : 'be strictly decreasing'}, but sigmas[${i}] = ${sigma} follows sigmas[${i - 1}] = ${sigmas[i - 1]}.`,
      );
    }
  });
}
