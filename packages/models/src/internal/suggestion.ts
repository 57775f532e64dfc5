import { nearestName } from '@onestep/tensor';

/** `Did you mean "near"?` or, with nothing near, the list of what is known. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${near}"?`;
}
