/** Names and values in two columns; a name that repeats is written once. */
export function formatFacts(facts: readonly (readonly [name: string, value: string])[]): string[] {
  const width = facts.reduce((most, [name]) => Math.max(most, name.length), 0);
  return facts.map(([name, value], i) => `${(facts[i - 1]?.[0] === name ? '' : name).padEnd(width)}  ${value}`);
}
