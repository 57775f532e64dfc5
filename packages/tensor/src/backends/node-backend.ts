import { OnestepError } from '../errors';
import type { BackendLoader } from './backend-loader';
import type { BackendName } from './backend-names';
import { importOptional, isInstalled, isNode } from './environment';

/** libtensorflow on the CPU, through the optional peer @tensorflow/tfjs-node. */
export const nodeBackend = libtensorflow('node', '@tensorflow/tfjs-node');

/** libtensorflow with CUDA, through the optional peer @tensorflow/tfjs-node-gpu. */
export const nodeGpuBackend = libtensorflow('node-gpu', '@tensorflow/tfjs-node-gpu');

function libtensorflow(name: BackendName, packageName: string): BackendLoader {
  const command = `npm install ${packageName}@4.22.0`;
  return {
    name,
    engineName: 'tensorflow',
    probe: async () => {
      if (!isNode()) return { reason: 'it runs in Node only' };
      return (await isInstalled(packageName))
        ? undefined
        : { reason: `the package ${packageName} is not installed`, command };
    },
    load: async () => {
      restoreUtilFunctions();
      try {
        await importOptional(packageName);
      } catch (cause) {
        throw new OnestepError(
          'missing-backend',
          `useBackend: ${packageName} is installed but does not load (${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}). Run "npm rebuild ${packageName}".`,
          { details: { backend: name, command: `npm rebuild ${packageName}` }, cause },
        );
      }
    },
  };
}

/** tfjs-node 4.22 calls functions of node:util that Node 23 removed. */
function restoreUtilFunctions(): void {
  const util = process.getBuiltinModule?.('node:util') as Record<string, unknown> | undefined;
  if (util === undefined) return;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
