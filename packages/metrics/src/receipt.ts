/** The form of receipts that this version writes; raised when older programs could not read it. */
export const receiptVersion = 1;

/** Score of real images of another split: the value that a perfect generator is expected to reach. */
export interface Floor {
  readonly value: number;
  readonly id: string;
  readonly samples: number;
}

/** An interval or a spread around a value. */
export type Uncertainty =
  | {
      /** Bootstrap over blocks of images. */
      readonly kind: 'bootstrap';
      readonly lower: number;
      readonly upper: number;
      /** Coverage that is aimed at. */
      readonly confidence: number;
      readonly resamples: number;
      readonly blocks: number;
      readonly seed: number;
    }
  | {
      /** Standard deviation over subsets, splits or pairs. */
      readonly kind: 'spread';
      readonly std: number;
      readonly over: string;
      readonly count: number;
    }
  | {
      /** Standard error of the value itself. */
      readonly kind: 'standard-error';
      readonly standardError: number;
      readonly of: string;
    };

/** What made the images, where they were drawn from a model. */
export interface Generator {
  /** Of the weight file. */
  readonly sha256: string;
  readonly kind: string;
  readonly sampler: string;
  readonly sigmas: readonly number[];
  /** Network calls per image. */
  readonly nfe: number;
  readonly seed: number;
  readonly guidanceScale?: number | undefined;
  readonly label?: number | undefined;
}

/** A score with what is needed to repeat it and to know what it can be compared with. */
export interface Receipt {
  readonly version: typeof receiptVersion;
  /** Name of the metric, for example `FD-LeNet`. */
  readonly metric: string;
  readonly value: number;
  readonly better: 'lower' | 'higher' | 'neither';
  readonly uncertainty?: Uncertainty | undefined;
  /** Further numbers of the metric. */
  readonly details?: Readonly<Record<string, number>> | undefined;
  /** Images that were scored. */
  readonly samples: number;
  /** Identity of the images where they have one: a dataset, a folder. */
  readonly images?: string | undefined;
  readonly generator?: Generator | undefined;
  /** The real images; absent for scores that need none. */
  readonly reference?:
    | {
        /** Identity of the dataset split, for example `mnist/train/c5097fdd`. */
        readonly id: string;
        /** Undefined for statistics that do not say. */
        readonly samples?: number | undefined;
        /** Of the mean and covariance, or of the feature rows, that the images were compared with. */
        readonly statisticsSha256?: string | undefined;
      }
    | undefined;
  /** What the metric sees through. */
  readonly featureNetwork: {
    readonly name: string;
    /** Of the weight file. */
    readonly sha256: string;
  };
  /** How bytes became the network's input. */
  readonly preprocessing: string;
  /** How values became bytes. */
  readonly quantisation: string;
  /** Settings of the metric: neighbours, subsets, splits. */
  readonly options: Readonly<Record<string, number | string>>;
  /** Of everything the metric drew at random. */
  readonly seed: number;
  readonly floor?: Floor | undefined;
  /** What a reader must know before quoting the value; empty if nothing. */
  readonly flags: readonly string[];
  readonly software: { readonly name: '@onestep/metrics'; readonly version: string };
}

/** A receipt with its reference and floor, as FD-LeNet always has them. */
export type LenetReceipt = Receipt & { readonly reference: { readonly id: string; readonly samples: number }; readonly floor: Floor }; // prettier-ignore
