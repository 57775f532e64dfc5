import { requireOneOf } from '../internal/arguments';
import { eulerSolver } from './euler';
import { heunSolver } from './heun';
import type { Solver } from './solver';

const solvers = { euler: eulerSolver, heun: heunSolver };

/**
 * Finds a solver by name.
 *
 * @param name - `euler` or `heun`
 * @throws {@link RangeError} if the name is unknown; the message lists the known ones
 */
export function solverFromName(name: string): Solver {
  requireOneOf('solverFromName', 'solver', name, ['euler', 'heun']);
  return solvers[name];
}
