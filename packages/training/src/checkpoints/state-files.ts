import { mapParams, readSafetensors, writeSafetensors, type HostTensor } from '@onestep/tensor';
import { modelFromMetadata, modelMetadata } from '../model-file/model-metadata';
import type { HostGroups } from '../optimizers/optimizer';
import type { HostParams, TrainingState } from '../trainer/training-state';
import { damaged } from './damaged';
import { checkpointVersion, parsePosition, type StoredPosition } from './stored-position';

/**
 * The files of a checkpoint: `model.safetensors`, `target.safetensors`, `teacher.safetensors`, `ema-NAME.safetensors` (each
 * also a model file by itself), `optimizer.safetensors` (names `GROUP/PARAMETER`, of an adversary's optimizer
 * `adversary.GROUP/PARAMETER`), `auxiliary.safetensors`, `adversary.safetensors`, `snapshot.safetensors` (names `GROUP/PARAMETER`) and `state.json`. Equal states give equal bytes.
 */
export function stateToFiles(state: TrainingState): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const { groups, model, snapshot, ...rest } = state;
  const groupNames = Object.keys(groups).sort();
  for (const name of groupNames.filter((group) => !isMoment(group))) {
    // What the objective learns beside the network is no model, nor is an adversary.
    const metadata = name === 'auxiliary' || name === 'adversary' ? {} : modelMetadata(model);
    files.set(fileOfGroup(name), writeSafetensors(groups[name], metadata));
  }
  const moments = groupNames.filter(isMoment).map((name) => [momentKey(name), groups[name]] as const);
  files.set('optimizer.safetensors', writeSafetensors(joinGroups(moments), {}));
  if (snapshot !== undefined) {
    files.set('snapshot.safetensors', writeSafetensors(joinGroups(Object.entries(snapshot.groups)), {}));
  }
  const { step, imagesSeen, seed, curriculum, sinceLog, stage, updates, watch, evaluation } = rest;
  const stored: StoredPosition = {
    version: checkpointVersion,
    step,
    imagesSeen,
    seed,
    curriculum,
    sinceLog,
    groupNames,
    stage,
    updates,
    watch,
    ...(evaluation === undefined ? {} : { evaluation }),
    ...(snapshot === undefined ? {} : { snapshot: { ...snapshot, groups: Object.keys(snapshot.groups).sort() } }),
  };
  files.set('state.json', new TextEncoder().encode(`${JSON.stringify(stored, null, 2)}\n`));
  return files;
}

/**
 * Inverse of {@link stateToFiles}.
 *
 * @throws {@link OnestepError} `damaged-checkpoint` if a file is missing or does not hold what `state.json` announces
 */
export function filesToState(files: ReadonlyMap<string, Uint8Array>): TrainingState {
  const stored = parsePosition(fileOf(files, 'state.json'));
  const { step, imagesSeen, seed, curriculum, sinceLog, stage, updates, watch, evaluation, groupNames, snapshot } =
    stored;
  const model = modelFromMetadata(readSafetensors(fileOf(files, 'model.safetensors')).metadata);
  const moments = splitGroups(readParams(files, 'optimizer.safetensors'));
  const groups = groupNames.map((name): [string, HostParams] => {
    if (!isMoment(name)) return [name, readParams(files, fileOfGroup(name))];
    return [name, takeGroup(moments, momentKey(name), { file: 'optimizer.safetensors', name })];
  });
  return {
    step,
    imagesSeen,
    seed,
    curriculum,
    sinceLog,
    stage,
    updates,
    watch,
    groups: Object.fromEntries(groups),
    ...(evaluation === undefined ? {} : { evaluation }),
    ...(snapshot === undefined ? {} : { snapshot: { ...snapshot, groups: snapshotGroups(files, snapshot.groups) } }),
    model,
  };
}

function snapshotGroups(files: ReadonlyMap<string, Uint8Array>, names: readonly string[]): HostGroups {
  const file = 'snapshot.safetensors';
  const groups = splitGroups(readParams(files, file));
  return Object.fromEntries(names.map((name) => [name, takeGroup(groups, name, { file, name })]));
}

const isMoment = (name: string): boolean => /^(adversary\.)?optimizer\./.test(name);
/** `optimizer.m` -> `m`, `adversary.optimizer.m` -> `adversary.m`. */
const momentKey = (name: string): string => name.replace('optimizer.', '');

/** `student` -> `model.safetensors`, `ema.slow` -> `ema-slow.safetensors`. */
function fileOfGroup(name: string): string {
  if (name === 'student') return 'model.safetensors';
  return `${name.startsWith('ema.') ? `ema-${name.slice('ema.'.length)}` : name}.safetensors`;
}

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw damaged(name, 'it is missing');
  return bytes;
}

/**
 * Parameters in one file of a checkpoint.
 *
 * @throws {@link OnestepError} `damaged-checkpoint` if it is missing, `bad-weight-file` if it is not safetensors
 */
export function readParams(files: ReadonlyMap<string, Uint8Array>, name: string): HostParams {
  return hostTensors(fileOf(files, name));
}

function hostTensors(bytes: Uint8Array): HostParams {
  return mapParams(readSafetensors(bytes).tensors, ({ dtype, shape, data }) => ({ dtype, shape, data }));
}

/** One record with the names `GROUP/PARAMETER`. */
function joinGroups(groups: readonly (readonly [string, HostParams])[]): HostParams {
  const joined: Record<string, HostTensor> = {};
  for (const [group, params] of groups) {
    for (const [name, tensor] of Object.entries(params)) joined[`${group}/${name}`] = tensor;
  }
  return joined;
}

/** Tensors by group and name; maps, since both come from a file and may be `__proto__`. */
function splitGroups(tensors: HostParams): Map<string, Map<string, HostTensor>> {
  const groups = new Map<string, Map<string, HostTensor>>();
  for (const [key, tensor] of Object.entries(tensors)) {
    const slash = key.indexOf('/');
    const name = key.slice(0, slash);
    const group = groups.get(name) ?? new Map<string, HostTensor>();
    groups.set(name, group.set(key.slice(slash + 1), tensor));
  }
  return groups;
}

function takeGroup(
  groups: ReadonlyMap<string, ReadonlyMap<string, HostTensor>>,
  key: string,
  { file, name }: { readonly file: string; readonly name: string },
): HostParams {
  const group = groups.get(key);
  if (group === undefined) throw damaged(file, `it lacks the group ${JSON.stringify(name)}`);
  return Object.fromEntries(group);
}
