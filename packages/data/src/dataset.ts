import type { HostTensor, Tensor2D, Tensor4D } from '@onestep/tensor';

/** Images of one size with optional labels, addressed by index. Pixels stay bytes until a batch is made. */
export interface Dataset {
  /** Stable identity for receipts and resume: kind, split and content hash, for example `mnist/train/1a2b3c4d`. */
  readonly id: string;
  /** Number of images, at least 1. */
  readonly length: number;
  /** `[H, W, C]`. */
  readonly shape: readonly [number, number, number];
  /** Number of classes, 0 when the images carry no labels. */
  readonly numClasses: number;
  /** `numClasses` names, where the source has them. */
  readonly labelNames?: readonly string[] | undefined;
  /**
   * Reads image `index` into `out` (H * W * C bytes, row-major, channels last) and returns its label, or -1.
   * May be asynchronous for datasets that decode files.
   */
  read(index: number, out: Uint8Array): number | Promise<number>;
  /** Frees open files, where the dataset holds any; reading afterwards fails. */
  close?(): void;
}

/** One batch on the current backend; the caller disposes the tensors. */
export interface Batch {
  /** `[B, H, W, C]` float32 in [-1, 1] (bytes / 127.5 - 1); augmented images may overshoot a little. */
  readonly images: Tensor4D;
  /** One-hot `[B, numClasses]`, absent when the dataset has no labels; an image without a label has a row of zeros. */
  readonly labels?: Tensor2D | undefined;
  /** Augmentation labels `[B, 9]`, of augmented images alone. */
  readonly augment?: Tensor2D | undefined;
  /** Dataset indices, in order. */
  readonly indices: Uint32Array;
}

/** One batch in host memory, what a training step takes as inputs. Fields as in {@link Batch}. */
export interface HostBatch {
  readonly images: HostTensor;
  readonly labels?: HostTensor | undefined;
  readonly augment?: HostTensor | undefined;
  /** Where the images were made by a teacher: the unit-normal noise it made them from. */
  readonly pairNoise?: HostTensor | undefined;
  readonly indices: Uint32Array;
}
