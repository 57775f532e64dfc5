import { OnestepError } from '@onestep/tensor';
import { consistencyPreconditioning } from './consistency';
import { ctmPreconditioning } from './ctm';
import { edmPreconditioning } from './edm';
import { iddpmPreconditioning } from './iddpm';
import { meanflowPreconditioning } from './meanflow';
import type { Preconditioning, PreconditioningName } from './preconditioning';
import { rectifiedFlowPreconditioning } from './rectified-flow';
import { trigflowPreconditioning } from './trigflow';
import { vePreconditioning } from './ve';
import { vpPreconditioning } from './vp';

/** A preconditioning as model files store it. */
export interface PreconditioningRecord {
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

type Config = Readonly<Record<string, never>>;

const edmKeys = ['sigmaData', 'sigmaMin', 'sigmaMax', 'cNoise'];
const factories: Readonly<
  Record<PreconditioningName, { readonly keys: readonly string[]; readonly make: (config: Config) => Preconditioning }>
> = {
  edm: { keys: edmKeys, make: edmPreconditioning },
  consistency: { keys: edmKeys, make: consistencyPreconditioning },
  vp: { keys: ['betaD', 'betaMin', 'numTimesteps', 'tMin'], make: vpPreconditioning },
  ve: { keys: ['sigmaMin', 'sigmaMax'], make: vePreconditioning },
  iddpm: { keys: ['c1', 'c2', 'numTimesteps'], make: iddpmPreconditioning },
  trigflow: { keys: ['sigmaData', 'sigmaMin', 'sigmaMax'], make: trigflowPreconditioning },
  'rectified-flow': { keys: ['timeScale', 'sigmaMin', 'sigmaMax'], make: rectifiedFlowPreconditioning },
  ctm: { keys: edmKeys, make: ctmPreconditioning },
  meanflow: { keys: ['timeScale', 'sigmaMin', 'sigmaMax'], make: meanflowPreconditioning },
};

/**
 * Rebuilds a preconditioning from its `name` and `config`, as stored beside the weights; absent options take their defaults.
 *
 * @param record - what a model file holds; a {@link Preconditioning} is itself such a record
 * @returns an equal preconditioning
 * @throws {@link OnestepError} `invalid-model` if the name or an option is unknown or a value is of the wrong type or out of range
 */
export function preconditioningFromConfig({ name, config = {} }: PreconditioningRecord): Preconditioning {
  const known = Object.keys(factories);
  if (!known.includes(name)) throw invalid(`unknown name "${name}", expected one of ${known.join(', ')}.`, { name });
  const { keys, make } = factories[name as PreconditioningName];
  for (const [key, value] of Object.entries(config)) {
    if (!keys.includes(key)) {
      throw invalid(`unknown option "${key}" of "${name}", expected ${keys.join(', ')}.`, { name, key });
    }
    const expected = key === 'cNoise' ? 'string' : 'number';
    if (typeof value !== expected) {
      throw invalid(`${key} of "${name}" must be a ${expected}, got ${JSON.stringify(value) ?? 'undefined'}.`, {
        name,
        key,
      });
    }
  }
  try {
    return make(config as Config);
  } catch (error) {
    throw invalid((error as Error).message, { name }, error);
  }
}

function invalid(problem: string, details: Readonly<Record<string, unknown>>, cause?: unknown): OnestepError {
  return new OnestepError('invalid-model', `preconditioningFromConfig: ${problem}`, { details, cause });
}
