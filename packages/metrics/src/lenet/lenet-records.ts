/** Datasets that FD-LeNet knows. */
export const lenetDatasets = ['mnist', 'fashion-mnist'] as const;

/** Name of such a dataset. */
export type LenetDataset = (typeof lenetDatasets)[number];

/** A shipped file. */
export interface LenetFile {
  readonly file: string;
  readonly sha256: string;
}

/** What is shipped for one dataset. */
export interface LenetRecord {
  /** Dataset the classifier was trained on. */
  readonly trainedOn: string;
  /** Accuracy on the 10,000 test images. */
  readonly testAccuracy: number;
  readonly weights: LenetFile;
  /** Statistics of the features of all images of a split. */
  readonly statistics: Readonly<Record<'train' | 'test', LenetFile>>;
}

/** What is shipped, as the training tool printed it. */
export const lenetRecords: Readonly<Record<LenetDataset, LenetRecord>> = {
  mnist: {
    trainedOn: 'mnist/train/c5097fdd',
    testAccuracy: 0.9942,
    weights: {
      file: 'lenet-mnist.safetensors',
      sha256: '208c2e5917c41e821920bb5a76794eb902e1f71f442afd1e39c3cdec0a0d1d01',
    },
    statistics: {
      train: {
        file: 'lenet-mnist-train.moments.safetensors',
        sha256: '99279de788dccfb60694191c6690d640d2998487b58518b9ca34a2ccfcc80ab3',
      },
      test: {
        file: 'lenet-mnist-test.moments.safetensors',
        sha256: 'cedfec5931cea0c4d77a6f235b5e81fe88aab89f62633482d7e57047788221b5',
      },
    },
  },
  'fashion-mnist': {
    trainedOn: 'fashion-mnist/train/d9ef4273',
    testAccuracy: 0.9248,
    weights: {
      file: 'lenet-fashion-mnist.safetensors',
      sha256: 'f607b6ce1c62161ac03134c45997545347646861afe4bf79297f6ea0970d04df',
    },
    statistics: {
      train: {
        file: 'lenet-fashion-mnist-train.moments.safetensors',
        sha256: 'c9b9889a7bc36e8f8ea80e4659cebd06f54ce0c7977b579063056fd8acf04b6c',
      },
      test: {
        file: 'lenet-fashion-mnist-test.moments.safetensors',
        sha256: 'e568d9fc87d2c9696bc06854af37ce5b4cc33860199d3cf543bb2654085f4deb',
      },
    },
  },
};
