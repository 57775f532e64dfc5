import { OnestepError, type HostTensor } from '@onestep/tensor';
import type { HostParams } from './read-strictly';

/** The fixed tensors of a file are float32 numbers computed from the same formula. */
const tolerance = 1e-6;

/** How fixed tensors are compared. */
export interface FixedTensorRules {
  /** What a message begins with. */
  readonly where: string;
  /** Whether a file must have the tensor, since its weights were trained with it and no formula gives it. */
  readonly isRequired: (name: string) => boolean;
  /** What to do about a tensor that differs, as a sentence. */
  readonly advice: (name: string) => string;
}

/**
 * The tensors of a file without the fixed ones, which must be the network's.
 *
 * @throws {@link OnestepError} `invalid-model` if a required one is missing or one is not the network's
 */
export function withoutFixedTensors(
  tensors: HostParams,
  constants: HostParams,
  { where, isRequired, advice }: FixedTensorRules,
): HostParams {
  const weights: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!Object.hasOwn(constants, name)) {
      weights[name] = tensor;
    } else if (!isSame(tensor, constants[name])) {
      throw new OnestepError(
        'invalid-model',
        `${where}: "${name}" of the file is not the network's. The file was made with another config. ${advice(name)}`,
        { details: { name } },
      );
    }
  }
  const lost = Object.keys(constants).filter((name) => isRequired(name) && !Object.hasOwn(tensors, name));
  if (lost.length > 0) {
    throw new OnestepError(
      'invalid-model',
      `${where}: the file lacks "${lost.join('", "')}", the frequencies that its weights were trained with. Use a file that has them.`,
      { details: { missing: lost, unexpected: [], misshapen: [] } },
    );
  }
  return weights;
}

/** Names without a prefix that all of them have. */
export function withoutPrefix(tensors: HostParams, prefix: string): HostParams {
  const entries = Object.entries(tensors);
  if (entries.length === 0 || !entries.every(([name]) => name.startsWith(prefix))) return tensors;
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function isSame(tensor: HostTensor, expected: HostTensor): boolean {
  const close = (value: number, i: number): boolean =>
    Math.abs(value - expected.data[i]) <= tolerance * (1 + Math.abs(expected.data[i]));
  return tensor.shape.join() === expected.shape.join() && Float32Array.from(tensor.data).every(close);
}
