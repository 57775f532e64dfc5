import type { CommonOptions, Question } from '../question';
import { compile } from './compile';
import { dataParallel } from './data-parallel';
import { features } from './features';
import { kernels } from './kernels';
import { memory } from './memory';
import { sampling } from './sampling';
import { training } from './training';

/** A question whose own options the command line has filled in. */
export type AnyQuestion = Omit<Question, 'ask'> & {
  readonly ask: (options: never, context: Parameters<Question['ask']>[1]) => ReturnType<Question['ask']>;
};

/** Every question, in the order in which they are asked when none is named. */
export const questions: readonly AnyQuestion[] = [training, sampling, kernels, compile, dataParallel, features, memory];

export type { CommonOptions };
