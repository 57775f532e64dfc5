export { compile, type Compiled, type CompileOptions, type CompileStats } from './compile';
export { chooseExecutor, type ExecutorChoice } from './executors/choose';
export type { Executor, HostArray, OpenOptions, Operator, Session, Target, Value } from './executors/executor';
export { ortNode, type OrtNodeOptions } from './executors/ort-node';
export { ortWeb, type OrtWebOptions } from './executors/ort-web';
export { compiledRunner, type CompiledRunnerOptions } from './runner';
export { exportOnnx, type ExportOptions } from './export/export-onnx';
