import { sizeOf, type ConstantData, type DType } from '../graph/node';
import type { Executor, HostArray, OpenOptions, Session, Target, Value } from './executor';
import type { OrtModule, OrtTensor } from './ort-module';

/** What sets one ONNX Runtime executor apart from another. */
export interface OrtSetup {
  readonly ort: OrtModule;
  readonly target: Target;
  readonly channelBlock: number;
  readonly description: string;
  readonly writesInPlace: boolean;
  /** Options of every session. */
  readonly sessionOptions: Readonly<Record<string, unknown>>;
}

class OrtValue implements Value {
  readonly dtype: DType;
  readonly shape: readonly number[];

  constructor(
    readonly tensor: OrtTensor,
    readonly host?: ConstantData,
  ) {
    this.dtype = tensor.type as DType;
    this.shape = tensor.dims;
  }

  async read(): Promise<ConstantData> {
    if (this.host !== undefined) return this.host;
    const { tensor } = this;
    const inMemory = tensor.location === undefined || tensor.location === 'cpu' || tensor.getData === undefined;
    return (inMemory ? tensor.data : await tensor.getData?.()) as ConstantData;
  }

  dispose(): void {
    this.tensor.dispose?.();
  }
}

/** An executor over an ONNX Runtime module. */
export function ortExecutor({
  ort,
  target,
  channelBlock,
  description,
  writesInPlace,
  sessionOptions,
}: OrtSetup): Executor {
  return {
    description,
    target,
    channelBlock,
    writesInPlace,
    value(host: HostArray): Value {
      if (host.data.length !== sizeOf(host.shape)) {
        throw new RangeError(`compile: a value of shape [${host.shape.join()}] has ${host.data.length} elements.`);
      }
      return new OrtValue(new ort.Tensor(host.dtype, host.data, host.shape), host.data);
    },
    async open(model: Uint8Array, { outputCount, keepOnDevice = [] }: OpenOptions): Promise<Session> {
      const locations = Object.fromEntries(keepOnDevice.map((i) => [`o${i}`, 'gpu-buffer']));
      const onDevice = target === 'webgpu' && keepOnDevice.length > 0;
      const session = await ort.InferenceSession.create(model, {
        ...sessionOptions,
        ...(onDevice ? { preferredOutputLocation: locations } : {}),
      });
      return {
        async run(inputs, outputs = []) {
          const feeds = Object.fromEntries(inputs.map((input, i) => [session.inputNames[i], tensorOf(input)]));
          const fetches = Object.fromEntries(
            Array.from({ length: outputCount }, (_, i) => {
              const given = outputs[i];
              return [session.outputNames[i], given === undefined ? null : tensorOf(given)];
            }),
          );
          const results = await session.run(feeds, fetches);
          return Array.from(
            { length: outputCount },
            (_, i) => outputs[i] ?? new OrtValue(results[session.outputNames[i]]),
          );
        },
        dispose: () => session.release(),
      };
    },
  };
}

function tensorOf(value: Value): OrtTensor {
  if (value instanceof OrtValue) return value.tensor;
  throw new TypeError('compile: a value of another executor was passed to this session.');
}
