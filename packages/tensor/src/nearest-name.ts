/** Longest name that is compared: the work grows with the product of the lengths, and names come from files. */
const maxLength = 200;

/**
 * The known name that differs from `name` by the fewest edits, if they are few enough to be a slip: at most two, or a
 * third of the length. Letter case is no difference.
 *
 * @param name - what was written
 * @param known - names that would be right
 * @returns one of `known`, the first of those equally near; undefined if none is near, or `name` is longer than any name
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > maxLength) return undefined;
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Fewest insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let previous: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, substitution, swapped ? previous[j - 2] + 1 : Infinity));
    }
    previous = row;
    row = next;
  }
  return row[b.length];
}
