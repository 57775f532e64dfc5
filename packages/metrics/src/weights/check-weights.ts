import { OnestepError, type HostTensor } from '@onestep/tensor';

/** Tensors by name, as a file holds them. */
export type WeightRecord = Readonly<Record<string, HostTensor>>;

/** Shapes by name. */
export type WeightShapes = Readonly<Record<string, readonly number[]>>;

/** Tensors that only one published network has. */
const signatures: readonly (readonly [network: string, name: string, shape: readonly number[]])[] = [
  ['AlexNet', 'features.0.weight', [64, 3, 11, 11]],
  ['VGG16', 'features.28.weight', [512, 512, 3, 3]],
  ['VGG19', 'features.34.weight', [512, 512, 3, 3]],
  ['SqueezeNet 1.0', 'features.0.weight', [96, 3, 7, 7]],
  ['SqueezeNet 1.1', 'features.3.squeeze.weight', [16, 64, 1, 1]],
  ["torchvision's Inception v3, trained on ImageNet and not the network of FID", 'fc.weight', [1000, 2048]],
  ['the Inception v3 of FID', 'fc.weight', [1008, 2048]],
  ['a ResNet', 'layer1.0.conv1.weight', []],
  ['FD-LeNet', 'dense0.weight', [1200, 64]],
  ['LPIPS heads for VGG16', 'lin2.model.1.weight', [1, 256, 1, 1]],
  ['LPIPS heads for AlexNet', 'lin2.model.1.weight', [1, 384, 1, 1]],
];

/** Which published network these weights belong to, as far as a few tensors tell. */
export function looksLike(weights: WeightRecord): string | undefined {
  const found = signatures.find(([, name, shape]) => {
    const tensor = Object.hasOwn(weights, name) ? weights[name] : undefined;
    return tensor !== undefined && (shape.length === 0 || tensor.shape.join() === shape.join());
  });
  // The heads of SqueezeNet begin as those of VGG16 do.
  return found?.[0].startsWith('LPIPS') && Object.hasOwn(weights, 'lin6.model.1.weight')
    ? 'LPIPS heads for SqueezeNet'
    : found?.[0];
}

/**
 * Picks the tensors a network needs out of a file's.
 *
 * @param where - who asks, for the message
 * @param network - name of the network that is wanted
 * @throws OnestepError `bad-weight-file` naming the first tensor that is missing or has another shape, how many there are,
 * and what the file looks like instead; `non-finite` for a weight that is not a finite number
 */
export function checkWeights(
  where: string,
  network: string,
  shapes: WeightShapes,
  weights: WeightRecord,
): WeightRecord {
  const problems: string[] = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const tensor = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (tensor === undefined) problems.push(`"${name}" [${shape.join(', ')}] is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      problems.push(`"${name}" has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`);
    }
  }
  if (problems.length > 0) {
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
    const other = looksLike(weights);
    const hint = other === undefined || other === network ? '' : ` This looks like ${other}.`;
    throw new OnestepError('bad-weight-file', `${where}: weights of ${network}: ${problems[0]}${more}.${hint}`, {
      details: { network, problems: problems.slice(0, 100), looksLike: other },
    });
  }
  const picked = Object.fromEntries(Object.keys(shapes).map((name) => [name, weights[name]]));
  for (const [name, { data }] of Object.entries(picked)) {
    const wrong = data.findIndex((value: number) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new OnestepError('non-finite', `${where}: "${name}" holds ${data[wrong]} at element ${wrong}.`, {
        details: { name, element: wrong },
      });
    }
  }
  return picked;
}

/** Names without a prefix that all of them share (`state_dict.`, `module.`), as training scripts leave it. */
export function withoutPrefix(weights: WeightRecord, wanted: string): WeightRecord {
  const name = Object.keys(weights).find((candidate) => candidate === wanted || candidate.endsWith(`.${wanted}`));
  const prefix = name?.slice(0, -wanted.length) ?? '';
  if (prefix === '') return weights;
  const inside = Object.entries(weights).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(inside.map(([key, tensor]) => [key.slice(prefix.length), tensor]));
}
