import type { Executor } from './executor';
import { ortNode, type OrtNodeOptions } from './ort-node';
import { ortWeb, type OrtWebOptions } from './ort-web';

/** An executor, or options for the one that fits where the program runs. */
export type ExecutorChoice = Executor | OrtNodeOptions | OrtWebOptions;

/** Opens what was chosen: `onnxruntime-node` in Node, `onnxruntime-web` elsewhere. */
export function chooseExecutor(choice: ExecutorChoice = {}): Promise<Executor> {
  if ('open' in choice) return Promise.resolve(choice);
  const inNode = typeof process !== 'undefined' && typeof process.versions.node === 'string';
  const forWeb = !inNode || choice.provider === 'wasm';
  return forWeb ? ortWeb(choice as OrtWebOptions) : ortNode(choice as OrtNodeOptions);
}
