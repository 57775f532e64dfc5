/**
 * Wraps a function so that its calls are counted: the measured NFE of a sampler, or of the network inside a guided
 * denoiser.
 *
 * @returns `call`, which behaves as `model`, and `calls`, the number so far
 */
export function countCalls<Args extends readonly unknown[], Result>(
  model: (...args: Args) => Result,
): { readonly call: (...args: Args) => Result; readonly calls: () => number } {
  let count = 0;
  return {
    call(...args) {
      count += 1;
      return model(...args);
    },
    calls: () => count,
  };
}
