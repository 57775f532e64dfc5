import { compareReceipts, decodeReceipts, type Receipt } from '@onestep/metrics';
import type { Command } from 'commander';
import { readFile, stat } from 'node:fs/promises';
import { cannotOpen, exitCodes, UsageError } from '../errors';
import { createOutput } from '../output/output';
import { comparisonLines } from '../output/receipt-lines';

/** Largest receipt file; its own take a few KB. */
const maxReceiptBytes = 2 ** 24;

/** `onestep eval explain A B`: whether two scores are comparable, field by field. */
export function addEvalExplain(evaluation: Command): void {
  evaluation
    .command('explain')
    .description('say field by field why two scores are not comparable; exit code 0 if they are, 1 if not')
    .argument('<a>', 'a receipt that --out wrote')
    .argument('<b>', 'another')
    .option('--json', 'print the result as JSON', false)
    .action(async (first: string, second: string, _: unknown, command: Command) => {
      const output = createOutput(command.optsWithGlobals<{ json: boolean }>());
      const [a, b] = [await readReceipts(first), await readReceipts(second)];
      const pairs = pairUp(a, b, [first, second]);
      const compared = pairs.map(([one, other]) => ({
        metric: one.metric === other.metric ? one.metric : `${one.metric} and ${other.metric}`,
        values: [one.value, other.value],
        ...compareReceipts(one, other),
      }));
      const comparable = compared.every((comparison) => comparison.comparable);
      if (!comparable) process.exitCode = exitCodes.failed;
      output.result(
        { comparable, compared },
        compared.flatMap((comparison) => comparisonLines(comparison.metric, comparison)),
      );
    });
}

/** Receipts of one metric together; two files with one metric each are compared whatever they are called. */
function pairUp(
  a: readonly Receipt[],
  b: readonly Receipt[],
  names: readonly [string, string],
): readonly (readonly [Receipt, Receipt])[] {
  if (a.length === 1 && b.length === 1) return [[a[0], b[0]]];
  const pairs = a.flatMap((one) => {
    const other = b.find(({ metric }) => metric === one.metric);
    return other === undefined ? [] : [[one, other] as const];
  });
  if (pairs.length > 0) return pairs;
  const list = (receipts: readonly Receipt[]): string => receipts.map(({ metric }) => metric).join(', ');
  throw new UsageError(`No metric is in both: ${names[0]} has ${list(a)}, ${names[1]} has ${list(b)}.`);
}

async function readReceipts(path: string): Promise<readonly Receipt[]> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  if (size > maxReceiptBytes) throw new UsageError(`${path} has ${size} bytes, too many for a receipt.`);
  const receipts = await decodeReceipts(await readFile(path, 'utf8'), path);
  if (receipts.length === 0) throw new UsageError(`${path} holds no receipt.`);
  return receipts;
}
