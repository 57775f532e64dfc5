/**
 * Finds a key that occurs twice in one object of a JSON text. `JSON.parse` keeps the last one in silence, so two
 * readers of a file could see two different tensors under one name.
 *
 * @param json - text that `JSON.parse` accepts
 * @returns the first repeated key, or undefined
 */
export function duplicateKey(json: string): string | undefined {
  // One entry per open bracket: the keys seen so far, or undefined inside an array.
  const open: (Set<string> | undefined)[] = [];
  let position = 0;
  let expectKey = false;
  while (position < json.length) {
    const character = json[position];
    if (character === '"') {
      const end = stringEnd(json, position);
      const keys = open.at(-1);
      if (expectKey && keys !== undefined) {
        const key = JSON.parse(json.slice(position, end)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
        expectKey = false;
      }
      position = end;
      continue;
    }
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    if (character === '{' || character === ',') expectKey = open.at(-1) !== undefined;
    position += 1;
  }
  return undefined;
}

/** One past the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  let position = start + 1;
  while (position < json.length && json[position] !== '"') position += json[position] === '\\' ? 2 : 1;
  return position + 1;
}
