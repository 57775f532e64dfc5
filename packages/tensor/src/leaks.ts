import { tf } from './tf';

/**
 * Runs `body` and counts the tensors it left behind.
 *
 * @param body - the code under test; tensors it returns count as left behind unless it disposes them
 * @returns the result and `leaked`, the growth of the engine's tensor count (negative: it freed foreign tensors)
 */
export async function countLeaks<T>(
  body: () => T | Promise<T>,
): Promise<{ readonly result: T; readonly leaked: number }> {
  const before = tf.memory().numTensors;
  const result = await body();
  return { result, leaked: tf.memory().numTensors - before };
}
