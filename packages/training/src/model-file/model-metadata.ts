import { OnestepError } from '@onestep/tensor';
import { z } from 'zod';
import type { ModelDescription } from './model-description';

const formatName = 'onestep.model';
const formatVersion = '1';

const descriptionSchema = z.strictObject({
  kind: z.enum(['denoiser', 'consistency', 'jump']),
  network: z.strictObject({ name: z.string().min(1), config: z.unknown() }),
  preconditioning: z.strictObject({
    name: z.string().min(1),
    config: z.record(z.string(), z.union([z.number(), z.string()])),
  }),
  sigmaMin: z.number().min(0),
  sigmaMax: z.number().positive(),
  shape: z.array(z.int().positive()).min(1),
  numClasses: z.int().min(0),
  labelNames: z.array(z.string()).optional(),
  sampling: z
    .strictObject({
      sampler: z.enum(['one-step', 'euler']),
      sigmas: z
        .array(z.number().min(0))
        .min(1)
        .refine((sigmas) => sigmas.every((sigma, i) => i === 0 || sigma < sigmas[i - 1]), 'must decrease'),
    })
    .refine(({ sampler, sigmas }) => (sampler === 'one-step') === (sigmas.length === 1), {
      path: ['sigmas'],
      error: 'must be one level for one-step, at least two for euler',
    })
    .optional(),
});

/** Metadata of a safetensors file that holds the weights of this model. */
export function modelMetadata(model: ModelDescription): Record<string, string> {
  return { format: formatName, version: formatVersion, model: JSON.stringify(model) };
}

/**
 * Reads the description back, strictly.
 *
 * @param metadata - string map from the header of a safetensors file
 * @throws {@link OnestepError} `invalid-model` if the file carries no description, one of another version, or a bad one
 */
export function modelFromMetadata(metadata: Readonly<Record<string, string>>): ModelDescription {
  if (metadata.format !== formatName) {
    throw invalid(
      `metadata "format" is ${show(metadata.format)}, expected "${formatName}". Import foreign weights first`,
    );
  }
  if (metadata.version !== formatVersion) {
    throw invalid(`metadata "version" is ${show(metadata.version)}, this program reads "${formatVersion}"`);
  }
  let json: unknown;
  try {
    json = JSON.parse(metadata.model ?? '');
  } catch (cause) {
    throw invalid('metadata "model" is not JSON', cause);
  }
  const result = descriptionSchema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalid(`metadata "model": ${issue.path.join('.')}: ${issue.message}`, result.error);
  }
  if (result.data.sigmaMin >= result.data.sigmaMax) {
    throw invalid(`sigmaMin ${result.data.sigmaMin} must be below sigmaMax ${result.data.sigmaMax}`);
  }
  return result.data;
}

const show = (value: string | undefined): string => (value === undefined ? 'missing' : JSON.stringify(value));

function invalid(what: string, cause?: unknown): OnestepError {
  return new OnestepError('invalid-model', `decodeModel: ${what}.`, { cause });
}
