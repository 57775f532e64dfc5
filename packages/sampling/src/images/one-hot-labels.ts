import { hostTensor, type HostTensor } from '@onestep/tensor';

/**
 * One-hot rows, `[B, numClasses]`.
 *
 * @param labels - class of each image; `undefined` gives the all-zero row that means "no label"
 * @throws RangeError if a label is not an integer in [0, numClasses)
 */
export function oneHotLabels(labels: readonly (number | undefined)[], numClasses: number): HostTensor {
  const data = new Float32Array(labels.length * numClasses);
  labels.forEach((label, row) => {
    if (label === undefined) return;
    if (!Number.isInteger(label) || label < 0 || label >= numClasses) {
      throw new RangeError(
        `oneHotLabels: labels must be integers in [0, ${numClasses}), but labels[${row}] = ${label}.`,
      );
    }
    data[row * numClasses + label] = 1;
  });
  return hostTensor(data, [labels.length, numClasses]);
}
