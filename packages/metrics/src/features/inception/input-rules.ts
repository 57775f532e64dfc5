import { tf, type Tensor4D } from '@onestep/tensor';
import { resizeImages } from '../../resize/resize-images';

/** Side of the images that the network was trained on. */
export const inceptionSize = 299;

/** How pixels become the network's input. */
export const inceptionInputRules = ['torch-fidelity', 'pytorch-fid', 'clean-fid'] as const;

/** Name of such a rule. */
export type InceptionInputRule = (typeof inceptionInputRules)[number];

interface InputRule {
  /** As a receipt states it. */
  readonly description: string;
  readonly apply: (pixels: Tensor4D) => Tensor4D;
}

const size = [inceptionSize, inceptionSize] as const;
const centred = (pixels: Tensor4D): Tensor4D => tf.div(tf.sub(pixels, 128), 128);

/** The rules; pixels have the values of bytes. */
export const inputRules: Readonly<Record<InceptionInputRule, InputRule>> = {
  'torch-fidelity': {
    description: 'tf1-bilinear-299, (x - 128) / 128',
    apply: (pixels) => centred(resizeImages(pixels, size, 'tf1-bilinear')),
  },
  'pytorch-fid': {
    description: 'x / 255, bilinear-299, 2 x - 1',
    apply: (pixels) => tf.sub(tf.mul(resizeImages(tf.div(pixels, 255), size, 'bilinear'), 2), 1),
  },
  'clean-fid': {
    description: 'bicubic-antialias-299, clipped to [0, 255], (x - 128) / 128',
    // An image of the right size is not resized, hence not clipped; bytes need it no more than the others do.
    apply: (pixels) => centred(tf.clipByValue(resizeImages(pixels, size, 'bicubic-antialias'), 0, 255)),
  },
};
