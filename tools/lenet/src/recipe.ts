/** Datasets that FD-LeNet knows. */
export type LenetDataset = 'mnist' | 'fashion-mnist';

/** Everything a training depends on, beside the dataset's bytes. */
export interface LenetRecipe {
  readonly dataset: LenetDataset;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Peak of the learning rate: linear warm-up, then a half cosine to zero. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** Decoupled, as AdamW has it. */
  readonly weightDecay: number;
  /** Images are shifted by up to this many pixels in each direction. */
  readonly maxShift: number;
  /** Whether half of the images are mirrored left to right. */
  readonly flips: boolean;
  /** Probability that an entry of the flattened maps, or a feature, is dropped. */
  readonly dropout: { readonly flat: number; readonly features: number };
  /** Test accuracy that the shipped weights must reach. */
  readonly requiredAccuracy: number;
}

const common = {
  seed: 1,
  batchSize: 128,
  learningRate: 0.003,
  warmupSteps: 200,
  weightDecay: 0.02,
} as const;

/** The recipes of the shipped weights. */
export const lenetRecipes: Readonly<Record<LenetDataset, LenetRecipe>> = {
  mnist: {
    ...common,
    dataset: 'mnist',
    epochs: 5,
    maxShift: 2,
    flips: false,
    dropout: { flat: 0.1, features: 0.2 },
    requiredAccuracy: 0.992,
  },
  'fashion-mnist': {
    ...common,
    dataset: 'fashion-mnist',
    epochs: 18,
    maxShift: 1,
    flips: true,
    dropout: { flat: 0.15, features: 0.25 },
    requiredAccuracy: 0.92,
  },
};
