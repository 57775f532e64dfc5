import { OnestepError, readSafetensors, type SafetensorsFile } from '@onestep/tensor';
import { decodeModel, type FixedSampling, type ModelDescription } from '@onestep/training';
import { checkpointSteps, latestStep, loadCheckpoint, openRun } from '@onestep/training/node';
import type { Command } from 'commander';
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { cannotOpen, UsageError } from '../errors';
import { formatBytes, table } from '../output/format';
import { createOutput } from '../output/output';

/** `onestep inspect PLACE`: what a run, a checkpoint or a weight file holds; checks sums and headers on the way. */
export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('show what a run, a checkpoint or a weight file holds, and check it')
    .argument('<place>', 'run folder, checkpoint folder or .safetensors file')
    .option('--tensors', 'list every tensor of a weight file', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (place: string, flags: { readonly json: boolean; readonly tensors: boolean }) => {
      const output = createOutput(flags);
      const stats = await stat(place).catch((cause: unknown) => {
        throw cannotOpen(place, cause);
      });
      const { value, lines } = stats.isFile() ? await weightFile(place, flags.tensors) : await folder(place);
      output.result(value, lines);
    });
}

interface Findings {
  readonly value: unknown;
  readonly lines: readonly string[];
}

async function weightFile(path: string, listTensors: boolean): Promise<Findings> {
  const bytes = new Uint8Array(await readFile(path));
  const { tensors, metadata } = readFrom(path, bytes);
  const names = Object.keys(tensors).sort();
  const parameters = names.reduce((sum, name) => sum + tensors[name].data.length, 0);
  // Weight files of other projects have tensors but no description.
  const model = Object.keys(metadata).length === 0 ? undefined : decodedModel(bytes);
  const rows = names.map((name) => ({ name, dtype: tensors[name].dtype, shape: tensors[name].shape }));
  return {
    value: { kind: 'weights', path, bytes: bytes.length, parameters, tensors: rows, metadata, model },
    lines: [
      `${path}: ${formatBytes(bytes.length)}, ${names.length} tensors, ${parameters.toLocaleString('en')} parameters`,
      ...(model === undefined ? [] : describe(model)),
      ...(listTensors
        ? table(rows.map(({ name, dtype, shape }) => [`  ${name}`, dtype, `[${shape.join(', ')}]`]))
        : []),
    ],
  };
}

function readFrom(path: string, bytes: Uint8Array): SafetensorsFile {
  try {
    return readSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof OnestepError)) throw error;
    throw new OnestepError(error.code, `${path}: ${error.message}`, {
      details: { ...error.details, path },
      cause: error,
    });
  }
}

function decodedModel(bytes: Uint8Array): ModelDescription | undefined {
  try {
    return decodeModel(bytes).model;
  } catch {
    return undefined;
  }
}

function describe({
  kind,
  network,
  preconditioning,
  shape,
  numClasses,
  sigmaMin,
  sigmaMax,
  sampling,
}: ModelDescription): string[] {
  const what = { denoiser: 'denoiser', consistency: 'consistency function', jump: 'jump function' }[kind];
  return [
    `  ${what} over [${shape.join(', ')}], ${numClasses === 0 ? 'unconditional' : `${numClasses} classes`}`,
    `  network ${network.name}, preconditioning ${preconditioning.name}, sigma ${sigmaMin} to ${sigmaMax}`,
    ...(sampling === undefined
      ? []
      : [`  sampled ${fixedWay(sampling)} from sigma ${sampling.sigmas[0]}, and in no other way`]),
  ];
}

function fixedWay({ sampler, sigmas }: FixedSampling): string {
  const steps = sigmas.length - 1;
  return sampler === 'one-step' ? 'in one step' : `in ${steps} Euler step${steps === 1 ? '' : 's'}`;
}

async function folder(place: string): Promise<Findings> {
  const isCheckpoint = (await stat(join(place, 'manifest.json')).catch(() => undefined)) !== undefined;
  if (isCheckpoint) {
    const step = basename(resolve(place));
    if (!/^\d+$/.test(step)) {
      throw new UsageError(`${place} is a checkpoint outside a run, expected RUN/checkpoints/STEP.`);
    }
    return checkpoint(join(place, '..', '..'), Number(step));
  }
  const run = await openRun(place);
  const steps = await checkpointSteps(place);
  const latest = await latestStep(place);
  const last = (await run.readMetrics()).at(-1);
  const checked = latest === undefined ? undefined : await checkpoint(place, latest);
  const { method, dataset, network, batchSize, seed } = run.recipe;
  return {
    value: {
      kind: 'run',
      folder: run.folder,
      recipe: run.recipe,
      checkpoints: steps,
      latest,
      last,
      checkpoint: checked?.value,
    },
    lines: [
      `run ${run.name}: method ${method} on ${dataset.spec}, network ${network.preset ?? network.name}, seed ${seed}`,
      `  step ${latest ?? 0} of ${run.recipe.steps}, ${batchSize} images a step, checkpoints: ${steps.join(', ') || 'none'}`,
      ...(last === undefined
        ? []
        : [`  last loss ${last.loss.toPrecision(4)}, ${last.imagesPerSecond.toFixed(1)} images/s`]),
      ...(checked?.lines ?? []),
    ],
  };
}

async function checkpoint(runFolder: string, step: number): Promise<Findings> {
  const state = await loadCheckpoint(runFolder, { step });
  const groups = Object.keys(state.groups).sort();
  const parameters = Object.values(state.groups.student).reduce((sum, { data }) => sum + data.length, 0);
  return {
    value: {
      kind: 'checkpoint',
      step,
      imagesSeen: state.imagesSeen,
      groups,
      parameters,
      model: state.model,
      intact: true,
    },
    lines: [
      `checkpoint ${step}: intact, ${state.imagesSeen.toLocaleString('en')} images seen, ${parameters.toLocaleString('en')} parameters`,
      `  holds ${groups.join(', ')}`,
      ...describe(state.model),
    ],
  };
}
