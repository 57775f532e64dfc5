import { tf } from '../tf';

export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

export async function useBackend(name: BackendName | 'auto' = 'auto'): Promise<BackendName> {
  const chosen = name === 'auto' ? 'wasm' : name;
  tf.enableProdMode();
  if (chosen === 'cpu') await import('@tensorflow/tfjs-backend-cpu');
  if (chosen === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend(chosen);
  await tf.ready();
  return chosen;
}
