import { readFileSync } from 'node:fs';
import { hostTensor, type HostTensor } from '@onestep/tensor';
import { fromBytes, type ImageAugmentation } from '../../src/index';

/** Images, how they are augmented, and what NVlabs/edm makes of them; see `make.py` beside the file. */
export interface EdmCase {
  readonly images: HostTensor;
  readonly augmentation: readonly ImageAugmentation[];
  readonly labels: readonly (readonly number[])[];
  /** Results in a batch whose margins are as wide as they get. */
  readonly wide: Float32Array;
  /** Results of each image in a batch of its own; only of small images. */
  readonly alone?: Float32Array | undefined;
}

interface StoredCase {
  readonly shape: readonly number[];
  readonly augmentation: readonly ImageAugmentation[];
  readonly labels: readonly (readonly number[])[];
  readonly pixels: string;
  readonly wide: string;
  readonly alone?: string;
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const floats = (text: string): Float32Array => new Float32Array(bytes(text).buffer);

/** The cases, from small images to 32 x 32 x 3. */
export function edmCases(): EdmCase[] {
  const file = new URL('../fixtures/edm-augment/cases.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly StoredCase[] };
  return cases.map(({ shape, pixels, wide, alone, ...stored }) => ({
    ...stored,
    images: hostTensor(fromBytes(bytes(pixels)), [stored.augmentation.length, ...shape]),
    wide: floats(wide),
    alone: alone === undefined ? undefined : floats(alone),
  }));
}
