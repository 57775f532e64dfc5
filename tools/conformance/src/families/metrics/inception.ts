import {
  headShapes,
  inceptionShapes,
  inceptionV3,
  trunkShapes,
  type FeatureNetwork,
  type InceptionInputRule,
} from '@onestep/metrics';
import { disposeParams, tf } from '@onestep/tensor';
import { formulaWeights, nameHash, uniformAt } from '../../../../workspace/formula-weights';
import type { AnyCase } from '../../case';
import { compareAll, tolerances, type Comparison } from '../../compare';
import { eachEntry, type Family, type GoldenFile } from '../../family';
import { MalformedCase, type Entry } from '../../golden-json';
import { uploadChannelsLast } from '../channels';

/** Outputs of the network under the names of the file. */
const outputs = {
  pool64: 'features64',
  pool192: 'features192',
  pool768: 'features768',
  pool2048: 'pool',
  logits_unbiased: 'logits',
  logits: 'logitsBiased',
} as const;

const rules: Readonly<Record<string, InceptionInputRule>> = {
  pytorch_fid: 'pytorch-fid',
  torch_fidelity: 'torch-fidelity',
  clean_fid: 'clean-fid',
};

/** Features of the FID network, with weights from a formula (`inception.json`). */
export const inceptionFeatures: Family = {
  name: 'Inception features',
  recognises: (content) => content.has('recipe') && content.everyCaseHas('pool2048'),
  cases(file) {
    file.hasCompanion(`${file.stem}.safetensors`);
    const recipe = { name: `${file.path}#recipe_check`, run: () => checkRecipe(file.content) };
    return [
      ...(file.content.has('recipe_check') ? [recipe] : []),
      ...eachEntry(file, 'cases', (entry, name): AnyCase => {
        const rule = entry.text('rule');
        if (!Object.hasOwn(rules, rule)) return { name, needs: `input rule ${rule}` };
        return { name: `${name} ${entry.text('key')}`, run: () => runCase(file, entry, rules[rule]) };
      }),
    ];
  },
};

/** Tensors beside those of the network whose formula the file checks; names that LPIPS trunks share are AlexNet's. */
const otherShapes: Readonly<Record<string, readonly number[]>> = Object.assign(
  {},
  ...(['squeezenet', 'vgg16', 'alexnet'] as const).map((net) => ({ ...trunkShapes(net), ...headShapes(net) })),
);

/** The formula itself: hash, first elements, last element and mean of a few tensors. */
function checkRecipe(content: Entry): Comparison {
  const salt = content.numberOr('salt', 0);
  const checks = content.entry('recipe_check');
  const pairs: Record<string, readonly [readonly number[], readonly number[]]> = {};
  for (const name of Object.keys(checks.json)) {
    const check = checks.entry(name);
    const shape = Object.hasOwn(otherShapes, name) ? otherShapes[name] : inceptionShapes[name];
    if (shape === undefined) throw new MalformedCase(`the shape of "${name}" is unknown`);
    const hash = nameHash(name, salt);
    const elements = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => uniformAt(hash, i));
    const mean = elements.reduce((sum, u) => sum + u, 0) / elements.length;
    pairs[`${name} h`] = [[hash], [check.number('h')]];
    pairs[`${name} first`] = [elements.slice(0, 4), check.numbers('u_first4')];
    pairs[`${name} last`] = [elements.slice(-1), [check.number('u_last')]];
    pairs[`${name} mean`] = [[mean], [check.number('u_mean')]];
  }
  return compareAll(pairs, tolerances.schedule);
}

async function runCase(file: GoldenFile, entry: Entry, input: InceptionInputRule): Promise<Comparison> {
  const tensors = file.companion(`${file.stem}.safetensors`);
  const weights = formulaWeights(inceptionShapes, file.content.numberOr('salt', 0));
  const network = inceptionV3(weights, { sha256: 'formula', input, outputs: Object.values(outputs) });
  const images = uploadChannelsLast(tensors[entry.text('image')]);
  try {
    const features = await evaluated(network, images);
    const keyOf = (name: string): string => `${entry.text('key')}.${name}`;
    const stored = Object.entries(outputs).filter(([name]) => Object.hasOwn(tensors, keyOf(name)));
    if (stored.length === 0) throw new MalformedCase(`no tensor ${entry.text('key')}.* is there`);
    const pairs = stored.map(([name, output]) => [name, [features[output], tensors[keyOf(name)].data]] as const);
    return compareAll(Object.fromEntries(pairs), tolerances.network);
  } finally {
    disposeParams(network.params);
    images.dispose();
  }
}

async function evaluated(network: FeatureNetwork, images: tf.Tensor): Promise<Record<string, ArrayLike<number>>> {
  const features = network.evaluate(network.params, images);
  const values: Record<string, ArrayLike<number>> = {};
  for (const [name, tensor] of Object.entries(features)) values[name] = await tensor.data();
  tf.dispose(features);
  return values;
}
