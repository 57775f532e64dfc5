import type { HostTensor } from '@onestep/tensor';
import { OnestepError } from '@onestep/tensor';
import { checkWeights, withoutPrefix, type WeightRecord } from '../weights/check-weights';
import { toHwio } from '../weights/convolution-layout';
import { lpipsNets, tapWidths, trunkConvolutions, trunks, type LpipsNet } from './trunks';

/** A trunk and its heads, in host memory. */
export interface LpipsModel {
  readonly net: LpipsNet;
  /** Of the files: trunk and heads, or the one that holds both. */
  readonly sha256: string;
  /** Kernels `[height, width, in, out]` and biases of the trunk, `lin0` to `lin4` or `lin6` of the heads. */
  readonly weights: Readonly<Record<string, HostTensor>>;
}

/** Shapes of the trunk as torchvision publishes it; its classifier is not used. */
export function trunkShapes(net: LpipsNet): Readonly<Record<string, readonly number[]>> {
  const shapes: Record<string, readonly number[]> = {};
  for (const { name, inputs, outputs, size } of trunkConvolutions(net)) {
    shapes[`${name}.weight`] = [outputs, inputs, size, size];
    shapes[`${name}.bias`] = [outputs];
  }
  return shapes;
}

/** Shapes of the heads as the LPIPS repository publishes them. */
export function headShapes(net: LpipsNet): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(tapWidths(net).map((width, k) => [headName(k), [1, width, 1, 1]]));
}

const headName = (tap: number): string => `lin${tap}.model.1.weight`;

/**
 * Puts an LPIPS model together from published weights.
 *
 * @param net - `vgg16`, `alexnet` or `squeezenet`
 * @param weights - `trunk`: torchvision's names (`features.0.weight`), or those of a saved LPIPS module
 * (`net.slice1.0.weight`); `heads`: `lin0.model.1.weight` and so on; one record may hold both
 * @param sha256 - of the files, for receipts
 * @throws RangeError for an unknown net or a negative head
 * @throws OnestepError `bad-weight-file` naming the tensor that is missing or has another shape, and what the file looks like
 */
export function lpipsModel(
  net: LpipsNet,
  { trunk, heads = trunk }: { readonly trunk: WeightRecord; readonly heads?: WeightRecord | undefined },
  sha256: string,
): LpipsModel {
  if (!lpipsNets.includes(net)) {
    throw new RangeError(`lpipsModel: there is no net "${net as string}", only ${lpipsNets.join(', ')}.`);
  }
  const { title } = trunks[net];
  const trunkWeights = checkWeights('lpipsModel', title, trunkShapes(net), torchvisionNames(trunk));
  const headWeights = checkWeights('lpipsModel', `LPIPS heads for ${title}`, headShapes(net), withoutPrefix(heads, headName(0))); // prettier-ignore
  const weights: Record<string, HostTensor> = {};
  for (const { name } of trunkConvolutions(net)) {
    weights[`${name}.weight`] = toHwio(trunkWeights[`${name}.weight`]);
    weights[`${name}.bias`] = trunkWeights[`${name}.bias`];
  }
  tapWidths(net).forEach((width, k) => {
    const { data } = headWeights[headName(k)];
    if (data.some((value: number) => value < 0)) {
      throw new OnestepError(
        'bad-weight-file',
        `lpipsModel: "${headName(k)}" has a negative weight; heads have none.`,
        {
          details: { net, name: headName(k) },
        },
      );
    }
    weights[`lin${k}`] = { dtype: 'float32', shape: [width], data };
  });
  return { net, sha256, weights };
}

/** Names of a saved LPIPS module as those of its trunk: the slices keep torchvision's indices. */
function torchvisionNames(weights: WeightRecord): WeightRecord {
  const renamed = Object.entries(withoutPrefix(weights, 'features.0.weight')).map(
    ([name, tensor]) => [name.replace(/^(?:.*\.)?net\.slice\d+\./, 'features.'), tensor] as const,
  );
  return Object.fromEntries(renamed);
}
