import type { BackendName, BackendOptions } from './backend-names';

/** How one backend gets into the program. */
export interface BackendLoader {
  readonly name: BackendName;
  /** The name under which TensorFlow.js knows it. */
  readonly engineName: string;
  /**
   * Whether this machine has it, without starting it.
   *
   * @returns undefined if it can be used, otherwise why not
   */
  probe(): Promise<Absence | undefined>;
  /** Imports and registers it; called after `probe` found nothing missing. */
  load(options: BackendOptions): Promise<void>;
}

/** Why a backend cannot be used. */
export interface Absence {
  /** One clause, for example `the package webgpu is not installed`. */
  readonly reason: string;
  /** What would change that. */
  readonly command?: string;
  /** It works, but `auto` should not choose it. */
  readonly onlyOnRequest?: boolean;
}
