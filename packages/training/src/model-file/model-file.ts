import { mapParams, OnestepError, readSafetensors, writeSafetensors } from '@onestep/tensor';
import type { HostParams } from '../trainer/training-state';
import type { ModelDescription } from './model-description';
import { modelFromMetadata, modelMetadata } from './model-metadata';

/** Weights together with what is needed to call them. */
export interface ModelFile {
  readonly model: ModelDescription;
  readonly params: HostParams;
}

/**
 * Writes a model as one safetensors file: float32 weights, the description as JSON in the metadata.
 *
 * @returns the bytes; equal models give equal bytes
 */
export function encodeModel({ model, params }: ModelFile): Uint8Array {
  return writeSafetensors(params, modelMetadata(model));
}

/**
 * Reads a model file.
 *
 * @param bytes - of a file made by {@link encodeModel}, or of `model.safetensors` and `ema-*.safetensors` in a checkpoint
 * @throws {@link OnestepError} `bad-weight-file` if it is not well-formed safetensors, `invalid-model` if it describes no
 * model of this project or holds weights that are not finite float32 numbers
 */
export function decodeModel(bytes: Uint8Array): ModelFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const model = modelFromMetadata(metadata);
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor.dtype !== 'float32') throw invalid(name, `has type ${tensor.dtype}, expected float32`);
    if (!tensor.data.every(Number.isFinite)) throw invalid(name, 'holds a value that is not a finite number');
  }
  return { model, params: mapParams(tensors, ({ dtype, shape, data }) => ({ dtype, shape, data })) };
}

function invalid(name: string, what: string): OnestepError {
  return new OnestepError('invalid-model', `decodeModel: "${name}" ${what}.`, { details: { name } });
}
