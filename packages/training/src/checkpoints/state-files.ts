import { mapParams, OnestepError, readSafetensors, writeSafetensors, type HostTensor } from '@onestep/tensor';
import { modelFromMetadata, modelMetadata } from '../model-file/model-metadata';
import type { HostParams, TrainingState } from '../trainer/training-state';

/** Version of the checkpoint layout; raised when older programs could not read it. */
export const checkpointVersion = 1;

/**
 * The files of a checkpoint: `model.safetensors`, `target.safetensors`, `ema-NAME.safetensors` (each also a model file
 * by itself), `optimizer.safetensors` (names `GROUP/PARAMETER`) and `state.json`. Equal states give equal bytes.
 */
export function stateToFiles(state: TrainingState): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const { groups, model, step, imagesSeen, seed, curriculum, sinceLog } = state;
  const optimizer: Record<string, HostTensor> = {};
  const groupNames = Object.keys(groups).sort();
  for (const name of groupNames) {
    if (name.startsWith('optimizer.')) {
      const group = name.slice('optimizer.'.length);
      for (const [param, tensor] of Object.entries(groups[name])) optimizer[`${group}/${param}`] = tensor;
    } else {
      files.set(fileOfGroup(name), writeSafetensors(groups[name], modelMetadata(model)));
    }
  }
  files.set('optimizer.safetensors', writeSafetensors(optimizer, {}));
  const position = { version: checkpointVersion, step, imagesSeen, seed, curriculum, sinceLog, groupNames };
  const text = `${JSON.stringify(position, null, 2)}\n`;
  files.set('state.json', new TextEncoder().encode(text));
  return files;
}

/**
 * Inverse of {@link stateToFiles}.
 *
 * @throws {@link OnestepError} `damaged-checkpoint` if a file is missing or does not hold what `state.json` announces
 */
export function filesToState(files: ReadonlyMap<string, Uint8Array>): TrainingState {
  const { groupNames, step, imagesSeen, seed, curriculum, sinceLog } = parsePosition(fileOf(files, 'state.json'));
  const model = modelFromMetadata(readSafetensors(fileOf(files, 'model.safetensors')).metadata);
  const moments = splitGroups(hostTensors(fileOf(files, 'optimizer.safetensors')));
  const groups = groupNames.map((name): [string, HostParams] => {
    if (!name.startsWith('optimizer.')) return [name, hostTensors(fileOf(files, fileOfGroup(name)))];
    const group = moments.get(name.slice('optimizer.'.length));
    if (group === undefined) throw damaged('optimizer.safetensors', `it lacks the group ${JSON.stringify(name)}`);
    return [name, Object.fromEntries(group)];
  });
  return { step, imagesSeen, seed, groups: Object.fromEntries(groups), curriculum, sinceLog, model };
}

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

function hostTensors(bytes: Uint8Array): HostParams {
  return mapParams(readSafetensors(bytes).tensors, ({ dtype, shape, data }) => ({ dtype, shape, data }));
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

type StoredPosition = Omit<TrainingState, 'groups' | 'model'> & {
  readonly version: number;
  readonly groupNames: readonly string[];
};

function parsePosition(bytes: Uint8Array): StoredPosition {
  let parsed: { readonly [K in keyof StoredPosition]?: unknown };
  try {
    parsed = (JSON.parse(new TextDecoder().decode(bytes)) ?? {}) as typeof parsed;
  } catch (cause) {
    throw damaged('state.json', 'it is not JSON', cause);
  }
  const { version, step, imagesSeen, seed, groupNames, sinceLog, curriculum } = parsed;
  if (version !== checkpointVersion) {
    throw new OnestepError(
      'damaged-checkpoint',
      `loadCheckpoint: the checkpoint has version ${String(version)}, this program reads ${checkpointVersion}.`,
    );
  }
  const complete =
    [step, imagesSeen, seed].every((value) => Number.isSafeInteger(value) && Number(value) >= 0) &&
    Array.isArray(groupNames) &&
    groupNames.every((name) => typeof name === 'string') &&
    groupNames.includes('student') &&
    typeof sinceLog === 'object' &&
    typeof curriculum === 'object';
  if (!complete) throw damaged('state.json', 'fields are missing or of the wrong type');
  return parsed as StoredPosition;
}

/** An error about one file of a checkpoint. */
export function damaged(file: string, what: string, cause?: unknown): OnestepError {
  return new OnestepError('damaged-checkpoint', `loadCheckpoint: "${file}" is damaged: ${what}.`, {
    details: { file },
    cause,
  });
}
