import { wrap } from './format';

/**
 * Names and values in two columns; a name that repeats is written once.
 *
 * @param columns - values are broken so that lines are no longer
 */
export function formatFacts(
  facts: readonly (readonly [name: string, value: string])[],
  columns = Number.POSITIVE_INFINITY,
): string[] {
  const width = facts.reduce((most, [name]) => Math.max(most, name.length), 0);
  return facts.flatMap(([name, value], i) =>
    wrap(value, columns - width - 2).map((line, part) => {
      const shown = part === 0 && facts[i - 1]?.[0] !== name ? name : '';
      return `${shown.padEnd(width)}  ${line}`;
    }),
  );
}
