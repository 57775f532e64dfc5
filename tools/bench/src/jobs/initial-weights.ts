import { disposeParams, paramsToHost, randomStream, type HostTensor } from '@onestep/tensor';
import type { BenchNetwork } from './networks';

/** Fresh weights in host memory, the same every time. */
export async function initialWeights({ network }: BenchNetwork): Promise<Record<string, HostTensor>> {
  const params = network.init((name) => randomStream(1, `init.${name}`));
  try {
    return await paramsToHost(params);
  } finally {
    disposeParams(params);
  }
}
