import { createTrainer, parseRecipe, recipeByName, type Recipe, type TeacherModel } from '@onestep/training';
import type { StepRunnerFactory } from '@onestep/tensor';
import type { TrainingData } from './batches';
import { recipeNetwork } from './network';

/** Ways from a teacher, or from data, to a consistency model. */
export const quickstartMethods = ['ect', 'cd', 'ct'] as const;
/** One of {@link quickstartMethods}. */
export type QuickstartMethod = (typeof quickstartMethods)[number];

/** What a quickstart was asked for, resolved; stored in its folder, so that it can be taken up again. */
export interface QuickstartPlan {
  readonly method: QuickstartMethod;
  readonly dataset: string;
  /** Side that the images of a folder or zip are resized and cropped to. */
  readonly imageSize?: number | undefined;
  /** Whether the network takes the class, which needs data with labels. */
  readonly classConditional: boolean;
  readonly seed: number;
  readonly teacherSteps: number;
  readonly studentSteps: number;
}

/** Part of the steps, or of the time, that the teacher gets. */
const teacherShare: Readonly<Record<QuickstartMethod, number>> = { ect: 0.5, cd: 0.5, ct: 0.3 };

type RecipeRequest = Omit<QuickstartPlan, 'method' | 'teacherSteps' | 'studentSteps'> & { readonly steps: number };

/** A plan before its steps are known. */
export type PlanRequest = Omit<QuickstartPlan, 'teacherSteps' | 'studentSteps'>;

/** Recipe of the diffusion teacher. */
export function teacherRecipe(request: RecipeRequest): Recipe {
  return quickstartRecipe('edm', request);
}

/** Recipe of the consistency model. */
export function studentRecipe(method: QuickstartMethod, request: RecipeRequest): Recipe {
  return quickstartRecipe(method, request);
}

function quickstartRecipe(method: QuickstartMethod | 'edm', request: RecipeRequest): Recipe {
  const { dataset, imageSize, classConditional, seed, steps } = request;
  const recipe = recipeByName(`quickstart-${method}`);
  const every = Math.max(1, Math.ceil(steps / 4));
  return parseRecipe({
    ...recipe,
    steps,
    seed,
    dataset: { ...recipe.dataset, spec: dataset, imageSize },
    network: { ...recipe.network, classConditional },
    checkpoint: { ...recipe.checkpoint, everySteps: every },
    logging: { everySteps: Math.max(1, Math.ceil(steps / 200)), samplesEverySteps: every },
  });
}

/** Divides a number of steps between teacher and student. */
export function planBySteps(request: PlanRequest, steps: number): QuickstartPlan {
  const teacherSteps = Math.max(1, Math.round(steps * teacherShare[request.method]));
  return { ...request, teacherSteps, studentSteps: Math.max(1, steps - teacherSteps) };
}

/**
 * Divides a time between teacher and student, after measuring a few steps of each on this machine. The steps of a plan
 * decide everything else, so the same `--steps` gives the same result anywhere; a time does not.
 *
 * @param seconds - for both trainings together
 */
export async function planByTime(
  request: PlanRequest,
  seconds: number,
  { data, runnerFactory }: { readonly data: TrainingData; readonly runnerFactory?: StepRunnerFactory | undefined },
): Promise<QuickstartPlan> {
  const recipes = {
    teacher: teacherRecipe({ ...request, steps: 1000 }),
    student: studentRecipe(request.method, { ...request, steps: 1000 }),
  };
  const network = recipeNetwork(recipes.teacher, data);
  const teacherTime = await secondsPerStep(recipes.teacher, { data, runnerFactory });
  const weights = (await createTrainerState(recipes.teacher, data)).params;
  const studentTime = await secondsPerStep(recipes.student, {
    data,
    runnerFactory,
    teacher: { params: weights, network },
  });
  const share = teacherShare[request.method];
  return {
    ...request,
    teacherSteps: Math.max(1, Math.floor((seconds * share) / teacherTime)),
    studentSteps: Math.max(1, Math.floor((seconds * (1 - share)) / studentTime)),
  };
}

/** Fresh weights, standing in for a teacher's while a step is timed. */
async function createTrainerState(recipe: Recipe, data: TrainingData): Promise<Pick<TeacherModel, 'params'>> {
  const trainer = await createTrainer({ recipe, network: recipeNetwork(recipe, data), batches: data.batches });
  try {
    return { params: (await trainer.readState()).groups.student };
  } finally {
    trainer.dispose();
  }
}

async function secondsPerStep(
  recipe: Recipe,
  options: {
    readonly data: TrainingData;
    readonly runnerFactory?: StepRunnerFactory | undefined;
    readonly teacher?: TeacherModel;
  },
): Promise<number> {
  const { data, runnerFactory, teacher } = options;
  const trainer = await createTrainer({
    recipe,
    network: recipeNetwork(recipe, data),
    batches: data.batches,
    teacher,
    runnerFactory,
  });
  const stop = new AbortController();
  const marks: number[] = [];
  try {
    await trainer.run({
      signal: stop.signal,
      onStep: ({ step }) => {
        marks.push(performance.now());
        if (step >= timedSteps) stop.abort();
      },
    });
  } finally {
    trainer.dispose();
  }
  // The first step warms caches and compilers up.
  const gaps = marks.slice(1).map((mark, i) => mark - marks[i]);
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] / 1000;
}

const timedSteps = 6;
