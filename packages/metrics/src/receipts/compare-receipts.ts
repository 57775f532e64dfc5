import type { Receipt } from '../receipt';

/** A field in which two receipts differ. */
export interface ReceiptDifference {
  /** Path, for example `featureNetwork.sha256`. */
  readonly field: string;
  readonly a: string;
  readonly b: string;
  /** `blocks`: the values are not comparable. `note`: worth knowing. `subject`: what the comparison is about. */
  readonly weight: 'blocks' | 'note' | 'subject';
  /** One sentence. */
  readonly why: string;
}

/** Whether two scores can be compared, and all that differs. */
export interface ReceiptComparison {
  readonly comparable: boolean;
  readonly differences: readonly ReceiptDifference[];
}

type Rule = readonly [
  field: string,
  read: (receipt: Receipt) => unknown,
  weight: ReceiptDifference['weight'],
  why: string,
];

const rules: readonly Rule[] = [
  ['metric', (r) => r.metric, 'blocks', 'They measure different things.'],
  ['version', (r) => r.version, 'blocks', 'The receipts have different forms.'],
  ['featureNetwork.name', (r) => r.featureNetwork.name, 'blocks', 'Distances in the features of different networks have different scales.'],
  ['featureNetwork.sha256', (r) => r.featureNetwork.sha256, 'blocks', 'Other weights make other features, even under the same name.'],
  ['preprocessing', (r) => r.preprocessing, 'blocks', 'Another resize or scaling of the input moves scores by several points.'],
  ['quantisation', (r) => r.quantisation, 'blocks', 'Rounding to bytes changes the features.'],
  ['reference.id', (r) => r.reference?.id, 'blocks', 'They are compared with different real images or another split.'],
  ['reference.samples', (r) => r.reference?.samples, 'blocks', 'The number of real images biases the score.'],
  ['reference.statisticsSha256', (r) => r.reference?.statisticsSha256, 'blocks', 'The statistics of the real images differ, whatever they are called.'],
  ['samples', (r) => r.samples, 'blocks', 'Fewer images score higher distances: compare scores of equal counts.'],
  ['options', (r) => r.options, 'blocks', 'The metric was set differently.'],
  ['seed', (r) => r.seed, 'note', 'Random subsets and intervals differ.'],
  ['software.version', (r) => r.software.version, 'note', 'Other versions of the program may round differently.'],
  ['flags', (r) => r.flags, 'note', 'What one of them warns of may not hold for the other.'],
  ['images', (r) => r.images, 'subject', 'The images that are compared.'],
  ['generator', (r) => (r.generator === undefined ? 'images that were there' : 'drawn from a model'), 'subject', 'One of them scores a model, the other images.'],
  ['generator.sha256', (r) => r.generator?.sha256, 'subject', 'The models that are compared.'],
  ['generator.sampler', (r) => r.generator?.sampler, 'subject', 'The models are sampled differently.'],
  ['generator.sigmas', (r) => r.generator?.sigmas, 'subject', 'The models are sampled at different noise levels.'],
  ['generator.nfe', (r) => r.generator?.nfe, 'subject', 'One spends more network calls per image.'],
  ['generator.guidanceScale', (r) => r.generator?.guidanceScale, 'subject', 'The models are guided differently.'],
  ['generator.label', (r) => r.generator?.label, 'subject', 'The models make different classes.'],
  ['generator.seed', (r) => r.generator?.seed, 'subject', 'The models start from different noise.'],
]; // prettier-ignore

/** Scores whose expectation does not depend on the number of images. */
const unbiased = /^(KID|KD-.*|diversity|memorisation|FID-infinity|FD-.*-infinity)$/;

/**
 * Says field by field why two scores cannot be compared, or that they can.
 *
 * @returns `comparable` where nothing that differs blocks the comparison
 */
export function compareReceipts(a: Receipt, b: Receipt): ReceiptComparison {
  const differences = rules.flatMap(([field, read, weight, why]): ReceiptDifference[] => {
    // Where only one has a model, that is said once.
    if (field.startsWith('generator.') && (a.generator === undefined || b.generator === undefined)) return [];
    const [first, second] = [show(read(a)), show(read(b))];
    if (first === second) return [];
    const counts = field === 'samples' && a.metric === b.metric && unbiased.test(a.metric);
    // The sizes of the subsets follow from the count.
    const sizes = field === 'options' && a.metric.endsWith('-infinity') && a.samples !== b.samples;
    if (!counts && !sizes) return [{ field, a: first, b: second, weight, why }];
    const note = 'This score does not depend on the number of images but in how certain it is.';
    return [{ field, a: first, b: second, weight: 'note', why: note }];
  });
  return { comparable: differences.every(({ weight }) => weight !== 'blocks'), differences };
}

function show(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value, sortedKeys);
}

/** The order of keys is no difference. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
