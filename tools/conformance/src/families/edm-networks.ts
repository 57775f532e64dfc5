import {
  consistencyPreconditioning,
  edmPreconditioning,
  vePreconditioning,
  vpPreconditioning,
  type Condition,
} from '@onestep/core';
import {
  dhariwalUnet,
  fromEdmDhariwalConfig,
  fromEdmSongConfig,
  importEdmUnet,
  songUnet,
  type HostParams,
  type PlannedNetwork,
} from '@onestep/models';
import { toTensor, type Tensor2D } from '@onestep/tensor';
import type { AnyCase } from '../case';
import type { GoldenFile } from '../family';
import { unetCases, type UnetSource } from './unet-cases';

const networks: Readonly<Record<string, (config: unknown, tensors: HostParams) => PlannedNetwork>> = {
  DhariwalUNet: (config) => dhariwalUnet(fromEdmDhariwalConfig(config)),
  SongUNet: (config, tensors) => songUnet(fromEdmSongConfig(config, tensors)),
};

const denoisers: UnetSource['denoisers'] = {
  edm_precond: () => edmPreconditioning(),
  ecm_precond_train: () => edmPreconditioning(),
  ecm_precond_eval: () => consistencyPreconditioning(),
  vp_precond: () => vpPreconditioning(),
  ve_precond: () => vePreconditioning(),
};

/** The networks of NVlabs/edm inside its preconditionings and those of locuslab/ect, and their directional derivatives. */
export function edmCases(file: GoldenFile): readonly AnyCase[] {
  const type = file.content.text('model_type');
  const weights = file.content.text('weights');
  if (!Object.hasOwn(networks, type)) return [{ name: file.path, needs: `network ${type}` }];
  const network = networks[type](file.content.json.cfg, file.companion(weights));
  return unetCases(file, {
    network,
    weights,
    load: (tensors) => importEdmUnet(tensors, network),
    prefix: '',
    outputs: {
      out: () => conditionOf(file, ['labels', 'augment']),
      out_without_augment: () => conditionOf(file, ['labels']),
    },
    cNoise: 'noise_labels',
    denoisers,
  });
}

/** Stored class and augmentation labels, already as rows; the caller disposes them. */
function conditionOf(file: GoldenFile, wanted: readonly ('labels' | 'augment')[]): Condition {
  const cases = file.companion(file.content.text('cases'));
  const keys = { labels: 'class_labels', augment: 'augment_labels' };
  const present = wanted.filter((name) => Object.hasOwn(cases, keys[name]));
  return Object.fromEntries(present.map((name) => [name, toTensor(cases[keys[name]]) as Tensor2D]));
}
