import type { EvaluationMetric, Generator, InceptionInputRule } from '@onestep/metrics';
import { UsageError } from '../../errors';
import { findModel } from '../find-model';
import type { Shard } from '../shards';
import { trainingDataOf } from '../tune-metric';
import type { NetworkName } from './feature-network';

/** What an evaluation was asked for, as its parts keep it for the merge. */
export interface EvaluationRequest {
  readonly network: NetworkName;
  readonly weights?: string | undefined;
  readonly inputRule?: InceptionInputRule | undefined;
  readonly repeatGrey?: boolean | undefined;
  readonly against?: string | undefined;
  readonly metrics: readonly EvaluationMetric[];
  readonly seed: number;
  readonly batchSize: number;
  readonly imageSize?: number | undefined;
  /** Identity and shape of the images. */
  readonly images: string;
  readonly shape: readonly number[];
  readonly generator?: Generator | undefined;
  /** Images of all parts. */
  readonly total: number;
  readonly shard: Shard;
}

/** As a partial file keeps it. */
export const requestText = (request: EvaluationRequest): string => JSON.stringify(request);

/**
 * The request of a partial file.
 *
 * @throws UsageError if it has none
 */
export function parseRequest(text: string | undefined, path: string): EvaluationRequest {
  try {
    const request = JSON.parse(text ?? '') as EvaluationRequest;
    if (Array.isArray(request.metrics) && typeof request.network === 'string' && Number.isSafeInteger(request.total)) {
      return request;
    }
  } catch {
    // Said below.
  }
  throw new UsageError(
    `${path} does not say what it is a part of. Make it with \`onestep eval --shard --save-partial\`.`,
  );
}

/** The data a run was trained on, to compare its images with; undefined where a model does not say. */
export async function defaultReference(place: string, isModel: boolean): Promise<string | undefined> {
  if (!isModel) return undefined;
  const { path } = await findModel(place);
  return (await trainingDataOf(path))?.spec;
}
