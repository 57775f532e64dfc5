import { readGoldenJson } from '../../../../tools/workspace/golden';

export { goldenFolder } from '../../../../tools/workspace/golden';

/** A tensor as golden JSON stores it, flat in C order. */
export interface GoldenTensor {
  readonly shape: number[];
  readonly data: number[];
}

/** Readers of `FOLDER/NAME.json`; the caller states the shape of the file. */
export const readSchedule = (name: string): unknown => readGoldenJson(`schedules/${name}.json`);
export const readLoss = (name: string): unknown => readGoldenJson(`losses/${name}.json`);
export const readSampler = (name: string): unknown => readGoldenJson(`samplers/${name}.json`);
