import { preconditioningFromConfig, type Network, type Preconditioning } from '@onestep/core';
import type { HostParams, ModelDescription, TrainingState } from '@onestep/training';

/** A model that a row ended with. */
export interface TrainedModel {
  readonly network: Network;
  readonly preconditioning: Preconditioning;
  readonly params: HostParams;
  readonly description: ModelDescription;
}

/** The evaluation average of a state where there is one, else the student. */
export function trainedModel(network: Network, { groups, model }: TrainingState): TrainedModel {
  return {
    network,
    preconditioning: preconditioningFromConfig(model.preconditioning),
    params: groups['ema.main'] ?? groups.student,
    description: model,
  };
}
