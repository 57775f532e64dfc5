import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cdObjective,
  ctObjective,
  drawDropout,
  ectObjective,
  edmObjective,
  ictObjective,
  meanflowObjective,
  scdObjective,
  sctObjective,
  type DrawRequest,
  type Objective,
} from '@onestep/training';

const objectives: readonly Objective[] = [
  edmObjective(),
  cdObjective(),
  ctObjective(),
  ectObjective(),
  ictObjective(),
  scdObjective(),
  sctObjective(),
  meanflowObjective(),
];
const request: DrawRequest = {
  seed: 5,
  batchSize: 6,
  shape: [2, 3],
  step: 40,
  totalSteps: 100,
  imagesSeen: 240,
};

describe('draws', () => {
  it('depend on seed and image number alone, not on the batch an image is in', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...objectives),
        fc.nat({ max: 2 ** 40 }),
        fc.nat({ max: 1000 }),
        fc.integer({ min: 1, max: 5 }),
        (objective, seed, imagesSeen, cut) => {
          const progress = { ...request, seed, imagesSeen };
          const whole = objective.draws(progress);
          const first = objective.draws({ ...progress, batchSize: cut });
          const rest = objective.draws({ ...progress, imagesSeen: imagesSeen + cut, batchSize: 6 - cut });
          for (const name of Object.keys(whole)) {
            expect([...first[name].data, ...rest[name].data], `${objective.name}.${name}`).toEqual([
              ...whole[name].data,
            ]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('have the shapes a step expects, in float32', () => {
    for (const objective of objectives) {
      for (const [name, draw] of Object.entries(objective.draws(request))) {
        expect(draw.shape, `${objective.name}.${name}`).toEqual(name === 'noise' ? [6, 2, 3] : [6]);
        expect(draw.data).toBeInstanceOf(Float32Array);
        expect(draw.data.every(Number.isFinite)).toBe(true);
      }
    }
  });

  it('give pairs of distinct neighbours of the grid, the last one ending at sigmaMin', () => {
    const { sigma, sigmaNext } = cdObjective({ numScales: 4 }).draws({ ...request, batchSize: 300 });
    const pairs = new Set([...sigma.data].map((level, i) => `${level.toFixed(3)} ${sigmaNext.data[i].toFixed(4)}`));
    expect(pairs.size).toBe(3);
    expect(Math.min(...sigmaNext.data)).toBe(Math.fround(0.002));
    expect([...sigma.data].every((level, i) => level > sigmaNext.data[i])).toBe(true);
  });

  it('mark the images of ECT whose target is the clean image, at a level the network can take', () => {
    const { sigma, sigmaNext, useClean, weight } = ectObjective({ numStages: 1 }).draws({ ...request, batchSize: 200 });
    const marked = [...useClean.data].flatMap((mask, i) => (mask === 1 ? [i] : []));
    expect(marked.length).toBeGreaterThan(50);
    for (const i of marked) {
      // q = 2, stage 0: r = 0 exactly where 8 sigmoid(-sigma) >= 1.
      expect(sigma.data[i]).toBeLessThan(Math.log(7) + 1e-6);
      expect(sigmaNext.data[i]).toBe(Math.fround(0.002));
      expect(weight.data[i]).toBeCloseTo(1 / sigma.data[i], 4 - Math.floor(Math.log10(1 / sigma.data[i])));
    }
  });

  it('keep the levels of a pair of ECT apart in float32, however long the run', () => {
    for (const q of [2, 4, 256]) {
      const late = { ...request, batchSize: 100, imagesSeen: 1e6 };
      const { sigma, sigmaNext } = ectObjective({ q, stageImages: 1000 }).draws(late);
      expect([...sigma.data].every((level, i) => level > sigmaNext.data[i])).toBe(true);
    }
    expect(() => ectObjective({ q: 256, numStages: 3 })).toThrow('q = 256 has at most 2 stages');
    expect(() => ectObjective({ q: 2 ** 21, stageImages: 1000 })).toThrow(RangeError);
    const last = { step: 99, totalSteps: 100, imagesSeen: 0 };
    expect(ectObjective({ q: 256 }).curriculum(last).stage).toBe(1);
    expect(ectObjective({ q: 2 }).curriculum(last).stage).toBe(7);
  });

  it('drop the asked share of units and keep the mean', () => {
    const mask = drawDropout({ seed: 1, imagesSeen: 0, batchSize: 50 }, { site: [50, 100] }, 0.25).site.data;
    const dropped = mask.filter((value) => value === 0).length / mask.length;
    // Five standard deviations of a share of 5,000 draws.
    expect(Math.abs(dropped - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 5000));
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  });
});

describe('curricula', () => {
  it('grow the grid of CT from s0 to s1 + 1 points and slow its target down', () => {
    const objective = ctObjective({ startScales: 2, endScales: 150, startEma: 0.9 });
    const at = (step: number) => objective.curriculum({ step, totalSteps: 1000, imagesSeen: 0 });
    expect(at(0).numScales).toBe(2);
    expect(at(0).targetEma).toBeCloseTo(0.81, 12);
    expect(at(1000).numScales).toBe(151);
    expect(at(1000).targetEma).toBeCloseTo(0.998596, 6);
  });

  it('spread the stages of ECT evenly over the run, or by images', () => {
    const even = ectObjective({ numStages: 4 });
    const stages = [0, 24, 25, 99, 100].map((step) => even.curriculum({ step, totalSteps: 100, imagesSeen: 0 }).stage);
    expect(stages).toEqual([0, 0, 1, 3, 3]);
    const byImages = ectObjective({ stageImages: 1000 });
    expect(byImages.curriculum({ step: 0, totalSteps: 1, imagesSeen: 5999 }).stage).toBe(5);
  });

  it('ask for a slow target in CD only when it has a decay', () => {
    expect(cdObjective().needs.target).toBe('stop-gradient');
    expect(cdObjective({ targetEma: 0.95 }).needs.target).toBe('ema');
    expect(() => cdObjective({ targetEma: 1 })).toThrow(RangeError);
  });
});
