import type { SampleItem, StoredSample } from './sample-item';

/** What a finished stream can be checked against. */
export interface SampleFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where samples are stored, one after the other; the journal is kept beside it. */
export interface SampleStore {
  /** Bytes to store for the values of one sample. */
  encode(values: Uint8Array): Promise<Uint8Array>;
  /**
   * Reads the next stored sample.
   *
   * @returns undefined if it is missing or not what the journal says; the store then stays before it
   */
  next(item: SampleItem): Promise<Uint8Array | undefined>;
  /** Drops all behind the samples read so far, so that {@link append} follows them. */
  cut(): Promise<void>;
  append(samples: readonly StoredSample[]): Promise<void>;
  /** Completes what is stored, flushes it to the disk and gives it its name. */
  finish(items: () => AsyncIterable<SampleItem>): Promise<SampleFile | undefined>;
  /** Lets go of open files; what is unfinished stays as it is. */
  close(): Promise<void>;
}
