import type { Receipt, ReceiptComparison } from '@onestep/metrics';
import { formatFacts } from './facts';

const count = (value: number): string => value.toLocaleString('en-US');
const digits = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(4));

/** A receipt for people: value and uncertainty, what it stands beside, and what must be known before it is quoted. */
export function receiptLines(receipts: readonly Receipt[]): string[] {
  if (receipts.length === 0) return [];
  const lines = formatFacts(receipts.map((receipt) => [receipt.metric, valueText(receipt)]));
  const [first] = receipts;
  const { generator, featureNetwork, preprocessing } = first;
  const floors = receipts.flatMap(({ metric, floor }) => (floor === undefined ? [] : [{ metric, floor }]));
  return [
    ...lines,
    ...floors.map(
      ({ metric, floor }) =>
        `Floor: ${count(floor.samples)} real images (${floor.id}) have ${metric} ${digits(floor.value)}; a perfect generator reaches that, not 0`,
    ),
    ...unique(receipts.flatMap(({ metric, flags }) => flags.map((flag) => [flag, metric] as const))),
    ...(generator === undefined
      ? []
      : [
          `Drawn by ${generator.sampler}, NFE ${generator.nfe}, seed ${generator.seed}, model ${generator.sha256.slice(0, 8)}`,
        ]),
    `Seen by ${featureNetwork.name} ${featureNetwork.sha256.slice(0, 8)} (${preprocessing})`,
  ];
}

function valueText({ value, uncertainty, samples, reference, details = {} }: Receipt): string {
  const against =
    reference === undefined
      ? ''
      : ` against ${reference.id}${reference.samples === undefined ? '' : ` (${count(reference.samples)})`}`;
  const more = ['suspects', 'copies']
    .filter((name) => name in details)
    .map((name) => `, ${count(details[name])} ${name}`)
    .join('');
  return `${digits(value)}${uncertaintyText(uncertainty)}${more}  ${count(samples)} images${against}`;
}

function uncertaintyText(uncertainty: Receipt['uncertainty']): string {
  switch (uncertainty?.kind) {
    case undefined:
      return '';
    case 'bootstrap': {
      const { lower, upper, confidence } = uncertainty;
      return ` [${digits(lower)}, ${digits(upper)}] at ${digits(100 * confidence)}%`;
    }
    case 'spread':
      return ` (std ${digits(uncertainty.std)} over ${uncertainty.count} ${uncertainty.over})`;
    case 'standard-error':
      return ` +- ${digits(uncertainty.standardError)}`;
  }
}

/** Each warning once, with the metrics it is of. */
function unique(flags: readonly (readonly [flag: string, metric: string])[]): string[] {
  const found = new Map<string, string[]>();
  for (const [flag, metric] of flags) found.set(flag, [...(found.get(flag) ?? []), metric]);
  return [...found].map(([flag, metrics]) => `Note (${metrics.join(', ')}): ${flag}`);
}

/** A comparison for people: what blocks it first. */
export function comparisonLines(metric: string, { comparable, differences }: ReceiptComparison): string[] {
  const part = (weight: string, title: string): string[] => {
    const some = differences.filter((difference) => difference.weight === weight);
    if (some.length === 0) return [];
    return [
      `  ${title}`,
      ...some.flatMap(({ field, a, b, why }) => [`    ${field}: ${short(a)} | ${short(b)}`, `      ${why}`]),
    ];
  };
  return [
    `${metric}: ${comparable ? 'comparable' : 'not comparable'}`,
    ...part('blocks', 'Differs, and must not:'),
    ...part('note', 'Differs, worth knowing:'),
    ...part('subject', 'What is compared:'),
  ];
}

const short = (text: string): string => (text.length > 70 ? `${text.slice(0, 67)}...` : text);
