export type { Batch, Dataset } from './dataset';
