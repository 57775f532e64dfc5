// TensorFlow.js and the two packages that stand between a traced function and it; what is left is the caller's code.
const machinery =
  /[\\/]@tensorflow[\\/]|[\\/]tfjs-core[\\/]|[\\/](?:@onestep|packages)[\\/](?:compile|tensor)[\\/](?:src|dist)[\\/]|node:internal/;

/** The first line of a stack that belongs to the caller, as `file:line:column`; undefined if the engine keeps no stacks. */
export function callerLine(stack: string | undefined): string | undefined {
  const frames = (stack ?? '').split('\n').filter((line) => /:\d+:\d+\)?$/.test(line));
  const frame = frames.find((line) => !machinery.test(line)) ?? frames[0];
  return frame
    ?.trim()
    .replace(/^at\s+/, '')
    .replace(/^.*\((.*)\)$/, '$1')
    .replace(/^.*@/, '');
}

/** ` at FILE:LINE`, or nothing. */
export function atCaller(error: Error = new Error()): string {
  const line = callerLine(error.stack);
  return line === undefined ? '' : ` at ${line}`;
}
