import type { JumpFunction } from '@onestep/core';
import type { AnyJumpFunction } from './from-jump';
import { checkGuidanceScale, guided } from './guided';

export function guidedJump(jumpFunction: JumpFunction, guidanceScale: number): JumpFunction;
export function guidedJump(jumpFunction: AnyJumpFunction, guidanceScale: number): AnyJumpFunction;
/**
 * Classifier-free guidance of a jump: where it lands without labels, plus guidanceScale times what the labels change.
 *
 * G(x, sigma, s) is affine in the network, so this is the same as guiding CTM's g or MeanFlow's average velocity.
 *
 * @param jumpFunction - conditional jump function trained with labels dropped at times
 * @param guidanceScale - >= 0; 1 (no guidance) returns `jumpFunction` itself, 0 ignores the labels
 * @returns a jump function with twice the network calls of the plain one
 * @throws RangeError if the scale is negative or not finite; TypeError at a call without `condition.labels`
 * @see {@link guided}
 */
export function guidedJump(jumpFunction: AnyJumpFunction, guidanceScale: number): AnyJumpFunction {
  checkGuidanceScale('guidedJump', guidanceScale);
  if (guidanceScale === 1) return jumpFunction;
  return (x, sigma, s, condition) =>
    guided(
      // Both calls go to the same target.
      (at, level, conditions) => jumpFunction(at, level, s, conditions),
      guidanceScale,
    )(x, sigma, condition);
}
