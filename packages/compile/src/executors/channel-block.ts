import { encodeModel } from '../onnx/model';
import type { OrtModule } from './ort-module';

/** The largest block that any processor has; half of it fits twice into the probe. */
const probedChannels = 32;

/**
 * Finds out how many channels ONNX Runtime's CPU provider blocks together: 16 with AVX-512, 8 with AVX2 and on ARM.
 * Nothing reports it, so a probe is put into blocks and the place of its second position tells.
 *
 * @returns the block, 0 if this build has no blocked operators
 */
export async function channelBlockOf(ort: OrtModule): Promise<number> {
  const shape = [1, probedChannels, 1, 2];
  const model = encodeModel({
    nodes: [{ opType: 'ReorderInput', domain: 'com.microsoft.nchwc', inputs: ['i0'], outputs: ['o0'], attributes: {} }],
    initializers: [],
    inputs: [{ name: 'i0', type: 'float32', shape }],
    outputs: [{ name: 'o0', type: 'float32', shape }],
  });
  try {
    const session = await ort.InferenceSession.create(model, { executionProviders: ['cpu'], logSeverityLevel: 4 });
    const probe = Float32Array.from({ length: 2 * probedChannels }, (_, i) => i);
    const { o0 } = await session.run({ i0: new ort.Tensor('float32', probe, shape) }, { o0: null });
    await session.release();
    // Channel c, position p holds 2 c + p; element 1 follows after one block of channels at position 0.
    const block = (o0.data as Float32Array).indexOf(1);
    return block > 1 && probedChannels % block === 0 ? block : 0;
  } catch {
    return 0;
  }
}
