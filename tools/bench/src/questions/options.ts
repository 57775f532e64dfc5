import { availableParallelism } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import { benchNetworkNames } from '../jobs/networks';

/** Integer >= 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected an integer >= 1.');
  return value;
}

/** Integers >= 1, separated by commas. */
export function positiveIntegers(text: string): number[] {
  return text.split(',').map(positiveInteger);
}

/** Parser of names out of a list, separated by commas. */
export function namesOf(known: readonly string[]): (text: string) => string[] {
  return (text) =>
    text.split(',').map((name) => {
      if (!known.includes(name)) throw new InvalidArgumentError(`Expected names of ${known.join(', ')}.`);
      return name;
    });
}

/** Adds `--network` and `--batch`. */
export function withWork(command: Command): Command {
  return command
    .option('--network <names>', `what to measure, of ${benchNetworkNames.join(', ')}`, namesOf(benchNetworkNames))
    .option('--batch <sizes>', 'images per batch, separated by commas', positiveIntegers);
}

/** Adds `--backend`. */
export function withBackend(command: Command): Command {
  return command.option('--backend <name>', 'TensorFlow.js backend of the eager side', 'wasm');
}

/** Options of {@link withExecutor}. */
export interface ExecutorOptions {
  readonly provider: 'cpu' | 'webgpu' | 'cuda';
  readonly threads: number;
}

/** Adds `--provider` and `--threads`. */
export function withExecutor(command: Command): Command {
  return command
    .option(
      '--provider <name>',
      'provider of ONNX Runtime, of cpu, webgpu, cuda',
      oneOf(['cpu', 'webgpu', 'cuda']),
      'cpu',
    )
    .option('--threads <count>', 'threads of ONNX Runtime and PyTorch', positiveInteger, availableParallelism());
}

/** Parser of one name out of a list. */
export function oneOf(known: readonly string[]): (text: string) => string {
  return (text) => {
    if (!known.includes(text)) throw new InvalidArgumentError(`Expected one of ${known.join(', ')}.`);
    return text;
  };
}
