import type { Command } from 'commander';
import type { Report } from './report/report';

/** Options that every question has. */
export interface CommonOptions {
  /** A tiny network, a few runs: seconds in all, to see that everything works. */
  readonly quick: boolean;
  /** Measured rounds. */
  readonly rounds?: number | undefined;
}

/** What a question may use beside its options. */
export interface QuestionContext {
  /** Shows people what is going on. */
  readonly progress: (text: string) => void;
  /** The built program, for measurements that need a process of their own; undefined: those are left out. */
  readonly program?: string | undefined;
}

/** What a question answers; the rest of the report is the same for all. */
export type Answer = Pick<Report, 'rows' | 'notes' | 'engines'>;

/** One question about speed or memory. */
export interface Question<Options extends CommonOptions = CommonOptions> {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Adds the question's own options to its command. */
  readonly configure: (command: Command) => Command;
  readonly ask: (options: Options, context: QuestionContext) => Promise<Answer>;
}
