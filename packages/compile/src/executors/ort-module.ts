/** A tensor of ONNX Runtime's JavaScript API; the part of it that is used here. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  readonly location?: string;
  getData?(releaseData?: boolean): Promise<unknown>;
  dispose?(): void;
}

/** A session of ONNX Runtime. */
export interface OrtSession {
  /** Names in the model's order. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** What `onnxruntime-node` and `onnxruntime-web` have in common. */
export interface OrtModule {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OrtSession>;
  };
  readonly env: {
    readonly versions?: { readonly common?: string; readonly node?: string; readonly web?: string };
    readonly wasm?: { numThreads?: number };
  };
}

/** The exports of an imported module, whether it came as CommonJS or not. */
export function ortExports(imported: unknown): OrtModule {
  const { default: inner, ...outer } = imported as { readonly default?: unknown };
  return ('InferenceSession' in outer ? outer : inner) as OrtModule;
}
