import type { Preconditioning } from '@onestep/core';
import { OnestepError } from '@onestep/tensor';
import { lpipsOfRecipe, missingLpipsProblem } from '../objectives/from-recipe';
import type { Objective } from '../objectives/objective';
import { augmentationLabelWidth } from './host-batch';
import type { TrainerOptions } from './trainer-options';

/**
 * Throws if a recipe asks for what its parts cannot give: a teacher, dropout sites, labels, a second time.
 *
 * @throws {@link OnestepError} `invalid-recipe` naming the part and what to change
 */
export function checkNeeds(options: TrainerOptions, objective: Objective, preconditioning: Preconditioning): void {
  const { recipe, network, resume } = options;
  checkTeacher(options, objective, preconditioning);
  const given = options.distance !== undefined || options.objective !== undefined;
  if (lpipsOfRecipe(recipe) !== undefined && !given) refuse(`objective.distance: ${missingLpipsProblem}`);
  const { startStep } = objective.adversary ?? {};
  if (startStep !== undefined && startStep >= recipe.steps) {
    refuse(
      `the adversary would begin after ${startStep} steps, but the run has ${recipe.steps}. Set an earlier startStep.`,
    );
  }
  const rate = recipe.dropout ?? 0;
  if (rate > 0 && Object.keys(network.dropoutSites(recipe.batchSize)).length === 0) {
    refuse(`dropout is ${rate}, but network "${network.name}" was built without. Set its config's dropout too.`);
  }
  const unconditional = network.numClasses === 0;
  if ((recipe.labelDropout ?? 0) > 0 && unconditional) {
    refuse(
      `labelDropout is ${recipe.labelDropout}, but network "${network.name}" is unconditional. ` +
        'Set network.classConditional.',
    );
  }
  if (recipe.teacher?.guidance !== undefined && unconditional) {
    refuse(
      `teacher.guidance is ${recipe.teacher.guidance}, but network "${network.name}" is unconditional. ` +
        'Set network.classConditional.',
    );
  }
  checkAugmentation(options, objective);
  const secondTime = network.secondTime === true;
  if (objective.needs.secondTime === true && !secondTime) {
    refuse(
      `method "${objective.name}" needs a network with a second time, "${network.name}" was built without. ` +
        'Set secondTime in network.config.',
    );
  }
  if (secondTime !== (preconditioning.jump !== undefined)) {
    refuse(
      secondTime
        ? `network "${network.name}" has a second time, but preconditioning "${preconditioning.name}" gives it none. ` +
            'Choose ctm or meanflow, or a network without.'
        : `preconditioning "${preconditioning.name}" jumps to a second time, which network "${network.name}" does not take. ` +
            'Set secondTime in network.config.',
    );
  }
  if (resume !== undefined && resume.seed !== recipe.seed) {
    refuse(`the checkpoint was made with seed ${resume.seed}, the recipe says ${recipe.seed}.`);
  }
}

/** A network that is not told of the augmentation would learn to make augmented images. */
function checkAugmentation({ recipe, network, teacher }: TrainerOptions, { name, needs }: Objective): void {
  if (recipe.dataset.augment === undefined) return;
  if (needs.pairs === true) {
    refuse(`dataset.augment: method "${name}" learns from pairs of noise and image, which cannot be augmented.`);
  }
  const { augmentChannels = 0 } = network;
  if (augmentChannels !== augmentationLabelWidth) {
    const takes = augmentChannels === 0 ? 'no augmentation labels' : `augmentation labels of width ${augmentChannels}`;
    refuse(
      `dataset.augment: network "${network.name}" takes ${takes} and would learn to make augmented images. ` +
        `Set augmentChannels to ${augmentationLabelWidth} in network.config, or use dataset.flip.`,
    );
  }
  const taught = teacher?.denoiser === undefined ? (teacher?.network?.augmentChannels ?? 0) : 0;
  if (taught !== 0 && taught !== augmentationLabelWidth) {
    refuse(
      `dataset.augment: the teacher takes augmentation labels of width ${taught}, those of a recipe have ${augmentationLabelWidth}.`,
    );
  }
}

function checkTeacher(
  { recipe, network, teacher, resume }: TrainerOptions,
  { name, needs }: Objective,
  preconditioning: Preconditioning,
): void {
  if (recipe.teacher?.guidance !== undefined && needs.teacher === 'none') {
    refuse(`teacher.guidance is ${recipe.teacher.guidance}, but method "${name}" calls no teacher.`);
  }
  if (needs.teacher === 'none') return;
  // A checkpoint between stages holds the teacher.
  if (teacher === undefined && (needs.teacher === 'frozen' || resume === undefined)) {
    refuse(`method "${name}" needs a teacher, got none.`);
  }
  if (teacher === undefined) return;
  if (needs.teacher === 'frozen') {
    const shared = teacher.denoiser === undefined && teacher.network === undefined;
    if (network.secondTime === true && shared && teacher.preconditioning?.jump === undefined) {
      refuse(
        `the student's network has a second time, which the teacher does not know. Give the teacher a network too.`,
      );
    }
    return;
  }
  const other = (teacher.network as Partial<typeof network> | undefined)?.name ?? network.name;
  if (teacher.denoiser !== undefined || other !== network.name) {
    refuse(`method "${name}" makes a teacher of its student: the first one must be weights of the same network.`);
  }
  const given = teacher.preconditioning;
  if (given !== undefined && describe(given) !== describe(preconditioning)) {
    refuse(
      `method "${name}" makes a teacher of its student, so both need one preconditioning: ` +
        `the teacher has ${describe(given)}, the student ${describe(preconditioning)}.`,
    );
  }
}

/** What a preconditioning computes with, without the range it is meant for. */
function describe({ name, config }: Preconditioning): string {
  const range = name === 'edm' ? ['sigmaMin', 'sigmaMax'] : [];
  const entries = Object.entries(config).filter(([key]) => !range.includes(key));
  return `${name} ${JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}

function refuse(what: string): never {
  throw new OnestepError('invalid-recipe', `createTrainer: ${what}`);
}
