import { ectRatio, ectStage, perImage, pseudoHuberDistance, weighting } from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { mostEctStages } from '../internal/ect-stages';
import { noised } from '../internal/noised';
import { drawLognormalSigma, drawNoise, perImageTensor } from './image-draws';
import { requireTarget, type Objective, type Progress } from './objective';

/** Options of {@link ectObjective}. */
export interface EctObjectiveOptions {
  /** Mean and std of ln sigma; default -1.1 and 2. */
  readonly pMean?: number | undefined;
  readonly pStd?: number | undefined;
  /** How fast the pair moves together, > 1; default 2. */
  readonly q?: number | undefined;
  /** `sigmoid` (default) keeps small sigma at r = 0 longer; `const` is one ratio for all. */
  readonly mapping?: 'sigmoid' | 'const' | undefined;
  /** Height and slope of the sigmoid; default 8 and 1. */
  readonly k?: number | undefined;
  readonly b?: number | undefined;
  /** Constant of the pseudo-Huber distance, >= 0; default 0, the plain norm. */
  readonly c?: number | undefined;
  /** `inverse-gap` (default): 1 / (sigma - r); `edm`: (sigma^2 + sigmaData^2) / (sigma sigmaData)^2. */
  readonly weighting?: 'inverse-gap' | 'edm' | undefined;
  /** Stages of the run, spread evenly over its steps; q^-numStages must be >= 2^-20. Default 8, or as many as that allows. */
  readonly numStages?: number | undefined;
  /** Images per stage; replaces `numStages`. The last stage is that where q^-(stage + 2) < 2^-20. */
  readonly stageImages?: number | undefined;
  /** Stands in for r where r = 0, so that the network never sees ln 0; default 0.002. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaData?: number | undefined;
}

/**
 * Easy consistency tuning: starts from diffusion weights at r = 0, where it is denoising, and lets r approach sigma.
 *
 * w(sigma, r) (sqrt(||D(x0 + sigma n, sigma) - target||^2 + c^2) - c), target = D(x0 + r n, r) under a stop-gradient, or
 * x0 itself where r = 0; r = sigma max(0, 1 - (1 + k sigmoid(-b sigma)) / q^(stage + 1))
 *
 * Draws: `noise [B, ...]`, `sigma`, `sigmaNext` (r, or sigmaMin where r = 0), `useClean` (1 where r = 0), `weight` `[B]`.
 *
 * @throws RangeError as core's mapping, stage, distance and weighting do, or if the pairs of the last stage (with
 *   `stageImages`: of the first) are too close together for float32
 * @remarks Trains with the plain EDM preconditioning, D(x, 0) = x. Where r = 0 the reference evaluates the network at
 * ln 0 and repairs the result; here the network gets a safe level and its output is replaced by x0.
 * @see Geng et al. 2024; locuslab/ect training/loss.py
 */
export function ectObjective(options: EctObjectiveOptions = {}): Objective {
  const { pMean = -1.1, pStd = 2, q = 2, mapping = 'sigmoid', k = 8, b = 1, c = 0 } = options;
  const { stageImages, sigmaMin = 0.002, sigmaData = 0.5 } = options;
  const distance = pseudoHuberDistance(c);
  const weigh = weighting(options.weighting ?? 'inverse-gap', { sigmaData });
  ectRatio(1, { stage: 0, q, mapping, k, b });
  const mostStages = mostEctStages(q);
  const { numStages = Math.max(1, Math.min(8, mostStages)) } = options;
  const wanted = stageImages === undefined ? numStages : 1;
  if (wanted > mostStages) {
    throw new RangeError(
      `ectObjective: q = ${q} has at most ${mostStages} stages before float32 cannot tell the levels of a pair apart, ` +
        `got numStages ${wanted}. Lower q or numStages.`,
    );
  }
  const curriculum = ({ step, totalSteps, imagesSeen }: Progress) => ({
    stage:
      stageImages === undefined
        ? ectStage(Math.min(step, totalSteps), { stageLength: totalSteps / numStages, maxStage: numStages - 1 })
        : ectStage(imagesSeen, { stageLength: stageImages, maxStage: mostStages - 1 }),
  });
  curriculum({ step: 0, totalSteps: 1, imagesSeen: 0 });
  return {
    name: 'ect',
    needs: { teacher: 'none', target: 'stop-gradient' },
    curriculum,
    draws(request) {
      const { stage } = curriculum(request);
      const sigma = drawLognormalSigma(request, pMean, pStd);
      const sigmaNext = sigma.map((level) => level * ectRatio(level, { stage, q, mapping, k, b }));
      return {
        noise: drawNoise(request),
        sigma: perImageTensor(sigma),
        sigmaNext: perImageTensor(sigmaNext.map((level) => (level > 0 ? level : sigmaMin))),
        useClean: perImageTensor(sigmaNext.map((level) => (level > 0 ? 0 : 1))),
        weight: perImageTensor(weigh.batch(sigma, sigmaNext)),
      };
    },
    targets(models, { images, draws, condition }) {
      const sigmaNext = draws.sigmaNext as Tensor1D;
      const model = requireTarget('ectObjective', models).denoise;
      const estimate = model(noised(images, draws.noise, sigmaNext), sigmaNext, condition);
      // A mask of zeros and ones is an exact selection here, since the estimate at a safe level is finite.
      const clean = perImage(draws.useClean as Tensor1D, images);
      return { target: tf.add(tf.mul(estimate, tf.sub(1, clean)), tf.mul(images, clean)) };
    },
    loss(student, { images, draws, condition }, { target }) {
      const sigma = draws.sigma as Tensor1D;
      const estimate = student.denoise(noised(images, draws.noise, sigma), sigma, condition);
      return tf.mul(distance(estimate, target), draws.weight);
    },
  };
}
