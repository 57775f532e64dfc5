import {
  consistencyModelsLpips,
  headShapes,
  lpipsDistance,
  lpipsModel,
  lpipsScores,
  trunkShapes,
  type LpipsModel,
  type LpipsNet,
  type LpipsOptions,
} from '@onestep/metrics';
import { disposeParams, paramsFromHost, tf, type Tensor } from '@onestep/tensor';
import { formulaWeights } from '../../../../workspace/formula-weights';
import type { AnyCase } from '../../case';
import { compareAll, tolerances, type Comparison } from '../../compare';
import { eachEntry, type Family, type GoldenFile } from '../../family';
import type { Entry } from '../../golden-json';
import { downloadChannelsFirst, uploadChannelsLast } from '../channels';

const nets: Readonly<Record<string, LpipsNet>> = { alex: 'alexnet', vgg: 'vgg16', squeeze: 'squeezenet' };

/** The variants of the file by the beginning of their description. */
const variants: readonly (readonly [start: string, options: LpipsOptions])[] = [
  ['piq LPIPS max pooling', {}],
  ['piq LPIPS replace_pooling=True', { pooling: 'average' }],
  ['openai consistency loss', consistencyModelsLpips],
];

/** LPIPS distances and gradients, with weights from a formula (`lpips.json`). */
export const lpips: Family = {
  name: 'LPIPS',
  recognises: (content) => content.has('recipe') && content.everyCaseHas('net', 'pair'),
  cases(file) {
    file.hasCompanion(`${file.stem}.safetensors`);
    return eachEntry(file, 'cases', (entry, name): AnyCase => {
      const [net, variant] = [entry.text('net'), entry.has('variant') ? entry.text('variant') : undefined];
      const options = variant === undefined ? {} : variants.find(([start]) => variant.startsWith(start))?.[1];
      if (!Object.hasOwn(nets, net) || options === undefined)
        return { name, needs: `distance lpips, ${variant ?? net}` };
      return { name: `${name} ${net} ${entry.text('pair')}`, run: () => runCase(file, entry, nets[net], options) };
    });
  },
};

async function runCase(file: GoldenFile, entry: Entry, net: LpipsNet, options: LpipsOptions): Promise<Comparison> {
  const tensors = file.companion(`${file.stem}.safetensors`);
  const salt = file.content.numberOr('salt', 0);
  const model = lpipsModel(
    net,
    { trunk: formulaWeights(trunkShapes(net), salt), heads: formulaWeights(headShapes(net), salt) },
    'formula',
  );
  const pair = entry.text('pair');
  const [a, b] = ['a', 'b'].map((side) => uploadChannelsLast(tensors[`${pair}.${side}`]));
  try {
    const pairs: Record<string, readonly [ArrayLike<number>, ArrayLike<number>]> = {};
    const scores = await scoresOf(model, a, b, options);
    pairs.distance = [scores.distance, entry.numbers('distance')];
    if (entry.has('distance_f64')) pairs['distance (float64)'] = [scores.distance, entry.numbers('distance_f64')];
    if (entry.has('per_layer')) pairs['per layer'] = [scores.perLayer, entry.numbers('per_layer')];
    if (entry.has('unweighted_baseline')) pairs.baseline = [scores.baseline, entry.numbers('unweighted_baseline')];
    const values = compareAll(pairs, { kind: 'peak', value: tolerances.network.value });
    if (!entry.has('gradient_wrt_a') || !values.passed) return values;
    const distance = lpipsDistance(model, options);
    const gradient = tf.tidy(() => tf.grad((x: Tensor) => tf.sum(distance(x, b)))(a));
    const name = entry.text('gradient_wrt_a');
    const gradients = { gradient: [await downloadChannelsFirst(gradient), tensors[name].data] } as const;
    return compareAll(gradients, tolerances.networkGradient);
  } finally {
    tf.dispose([a, b]);
  }
}

async function scoresOf(model: LpipsModel, a: Tensor, b: Tensor, options: LpipsOptions) {
  const params = paramsFromHost(model.weights);
  const scores = lpipsScores(model.net, params, a, b, options);
  const read = async (tensor: Tensor): Promise<ArrayLike<number>> => tensor.data();
  const values = {
    distance: await read(scores.distance),
    perLayer: await read(scores.perLayer),
    baseline: await read(scores.baseline),
  };
  disposeParams(params);
  tf.dispose([scores.distance, scores.perLayer, scores.baseline]);
  return values;
}
