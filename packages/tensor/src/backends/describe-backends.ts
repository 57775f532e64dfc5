import { backendLoaders } from './backend-loaders';
import { backendNames, type BackendName } from './backend-names';

/** One line of the table that `onestep doctor` prints. */
export interface BackendDescription {
  readonly name: BackendName;
  readonly available: boolean;
  /** Why not, or what to know. */
  readonly reason?: string;
  /** The command that would add it. */
  readonly command?: string;
}

/**
 * Says of every backend whether this machine has it, without starting any.
 *
 * @returns one entry per backend, in the order in which `auto` tries them
 */
export async function describeBackends(): Promise<BackendDescription[]> {
  const descriptions: BackendDescription[] = [];
  for (const name of backendNames) {
    const absence = await backendLoaders[name].probe();
    descriptions.push({
      name,
      available: absence === undefined || absence.onlyOnRequest === true,
      ...(absence === undefined ? {} : { reason: absence.reason }),
      ...(absence?.command === undefined ? {} : { command: absence.command }),
    });
  }
  return descriptions;
}
