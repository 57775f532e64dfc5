/** Every backend, in the order in which `auto` tries them. */
export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;

/** Where tensors live; see the README for what each needs. */
export type BackendName = (typeof backendNames)[number];

/** What {@link useBackend} can be told. */
export interface BackendOptions {
  /**
   * wasm only: folder URL (ending in `/`) of the three `.wasm` files, or the URL of each by file name. In Node they are
   * found inside the package; a browser bundle needs this unless it serves them beside its script.
   */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
  /** wasm in a cross-origin isolated page: number of threads, at least 1; default is the backend's choice. Ignored in Node. */
  readonly threads?: number;
}
