import type { CollectOptions } from '@onestep/metrics';

/** `compile` of `@onestep/compile`, loaded where it is used. */
export async function networkCompiler(): Promise<CollectOptions['compile']> {
  return (await import('@onestep/compile')).compile;
}
