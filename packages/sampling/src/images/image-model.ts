import type { Condition } from '@onestep/core';
import type { Tensor } from '@onestep/tensor';
import { countCalls } from '../models/count-calls';
import { fromDenoiser, type AnyDenoiser } from '../models/from-denoiser';
import { fromJump, type AnyJumpFunction } from '../models/from-jump';
import { guided } from '../models/guided';
import { guidedJump } from '../models/guided-jump';
import type { Model, ModelKind, Sampler } from '../sampler';

/** What images are made with: one of the three, matching the sampler's `accepts`. */
export type ImageModel =
  | {
      readonly denoiser: AnyDenoiser;
      readonly consistencyFunction?: undefined;
      readonly jumpFunction?: undefined;
    }
  | {
      readonly consistencyFunction: AnyDenoiser;
      readonly denoiser?: undefined;
      readonly jumpFunction?: undefined;
    }
  | {
      readonly jumpFunction: AnyJumpFunction;
      readonly denoiser?: undefined;
      readonly consistencyFunction?: undefined;
    };

/** A model as samplers call it, for a condition given later; its network calls are counted. */
export interface CountedModel {
  readonly bind: (condition?: Condition) => Model<Tensor>;
  readonly calls: () => number;
}

const options = {
  denoiser: 'denoiser',
  consistency: 'consistencyFunction',
  jump: 'jumpFunction',
} as const satisfies Record<ModelKind, keyof ImageModel>;

/** What a sampler of each kind does with an answer, and why no other will do. */
const reasons: Readonly<Record<ModelKind, string>> = {
  denoiser: 'it follows the path by the mean of the data at each level',
  consistency: 'it takes each answer for the end of the path',
  jump: 'it asks for points between the levels',
};

/**
 * The function that a sampler evaluates, guided and counted.
 *
 * @throws TypeError if the kind of model is not what the sampler accepts, which would give silent nonsense
 */
export function countedModel(
  where: string,
  sampler: Pick<Sampler, 'name' | 'accepts'>,
  model: ImageModel,
  guidanceScale: number,
): CountedModel {
  const { denoiser, consistencyFunction, jumpFunction } = model;
  if (sampler.accepts === 'jump') {
    if (jumpFunction === undefined) throw refusal(where, sampler, model);
    const { call, calls } = countCalls(jumpFunction);
    const network = guidedJump(call, guidanceScale);
    return { calls, bind: (condition) => fromJump(network, condition) };
  }
  const given = sampler.accepts === 'denoiser' ? denoiser : consistencyFunction;
  if (given === undefined) throw refusal(where, sampler, model);
  const { call, calls } = countCalls(given);
  const network = guided(call, guidanceScale);
  return { calls, bind: (condition) => fromDenoiser(network, condition) };
}

function refusal(where: string, { name, accepts }: Pick<Sampler, 'name' | 'accepts'>, model: ImageModel): TypeError {
  const given = Object.values(options).find((option) => model[option] !== undefined);
  const got = given === undefined ? 'got no model' : `got a ${given}`;
  const way =
    accepts === 'consistency' && given === 'jumpFunction'
      ? 'Pass consistencyFromJump(jumpFunction, sigmaMin), or choose another sampler.'
      : 'Pass one, or choose another sampler.';
  return new TypeError(
    `${where}: sampler "${name}" needs a ${options[accepts]}, since ${reasons[accepts]}, but ${got}. ${way}`,
  );
}
