import * as tf from '@tensorflow/tfjs-core';
import { OnestepError } from '../errors';

/** Every copy of tfjs-core registers its own function for this flag; ours is remembered while we are the last to load. */
const flag = 'DEBUG';

interface FlagRegistry {
  readonly flagRegistry: Readonly<Record<string, { readonly evaluationFn: unknown }>>;
}

const evaluationOf = (): unknown => (tf.env() as unknown as FlagRegistry).flagRegistry[flag]?.evaluationFn;

const ours = evaluationOf();

/**
 * Refuses to compute beside a second copy of tfjs-core. Two copies share one engine through a global, but not their
 * tensor scopes and checks, so that results depend on which of them an import happened to reach.
 *
 * @throws {@link OnestepError} `two-engines`
 */
export function assertSingleEngine(): void {
  // A copy that came first made the environment; one that came later has overwritten the flag.
  if (tf.env() instanceof tf.Environment && evaluationOf() === ours) return;
  throw new OnestepError(
    'two-engines',
    `useBackend: two copies of @tensorflow/tfjs-core are loaded, one of them version ${tf.version_core}. ` +
      'Run "npm ls @tensorflow/tfjs-core" to see who brings the other, then "npm dedupe".',
    { details: { version: tf.version_core } },
  );
}
