import type { HostTensor } from '@onestep/tensor';
import { checkWeights, withoutPrefix, type WeightRecord } from '../../weights/check-weights';
import { toHwio, transposed } from '../../weights/convolution-layout';
import { convolutions, inceptionWidths } from './architecture';

/** Added to the variance in every batch norm. */
const epsilon = 1e-3;

const { pool, classes } = inceptionWidths;

/** Shapes of the published weights, under the names of the checkpoint that pytorch-fid and torch-fidelity distribute. */
export const inceptionShapes: Readonly<Record<string, readonly number[]>> = Object.fromEntries<readonly number[]>([
  ...convolutions.flatMap(({ name, kernel, inputs, outputs }) => [
    [`${name}.conv.weight`, [outputs, inputs, ...kernel]] as const,
    ...['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.bn.${part}`, [outputs]] as const),
  ]),
  ['fc.weight', [classes, pool]],
  ['fc.bias', [classes]],
]);

/**
 * Turns published weights into the network's own: kernels in this library's layout, each batch norm folded into the
 * convolution before it (in double precision), which saves its time and changes nothing else.
 *
 * @throws OnestepError `bad-weight-file`, `non-finite` as {@link checkWeights}
 */
export function inceptionParams(weights: WeightRecord): Record<string, HostTensor> {
  const given = withoutPrefix(weights, 'Conv2d_1a_3x3.conv.weight');
  const checked = checkWeights('inceptionV3', 'the Inception v3 of FID', inceptionShapes, given);
  const params: Record<string, HostTensor> = {};
  for (const { name } of convolutions) {
    const part = (key: string): ArrayLike<number> => checked[`${name}.bn.${key}`].data;
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(part);
    const scaleOf = (output: number): number => gamma[output] / Math.sqrt(variance[output] + epsilon);
    params[`${name}.weight`] = toHwio(checked[`${name}.conv.weight`], scaleOf);
    const bias = Float32Array.from(beta, (value, output) => value - mean[output] * scaleOf(output));
    params[`${name}.bias`] = { dtype: 'float32', shape: [bias.length], data: bias };
  }
  params['fc.weight'] = transposed(checked['fc.weight']);
  params['fc.bias'] = checked['fc.bias'];
  return params;
}
