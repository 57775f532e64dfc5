/** A score with what is needed to repeat it and to know what it can be compared with. */
export interface Receipt {
  /** Name of the metric, for example `FD-LeNet`. */
  readonly metric: string;
  readonly value: number;
  /** Images that were scored. */
  readonly samples: number;
  /** The real images. */
  readonly reference: {
    /** Identity of the dataset split, for example `mnist/train/c5097fdd`. */
    readonly id: string;
    readonly samples: number;
  };
  /** What the metric sees through. */
  readonly featureNetwork: {
    readonly name: string;
    /** Of the weight file. */
    readonly sha256: string;
  };
  /** How pixels became the network's input. */
  readonly preprocessing: string;
  /** The score of real images of the other split: the value that a perfect generator is expected to reach. */
  readonly floor: {
    readonly value: number;
    readonly id: string;
    readonly samples: number;
  };
}
