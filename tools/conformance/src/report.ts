import type { Tolerance } from './compare';
import type { CaseResult, ConformanceReport } from './run-conformance';

/** `PASS|FAIL name maxAbs maxRel tolerance`, or `SKIP name (needs feature)`. */
export function reportLine({ status, name, comparison, note }: CaseResult): string {
  if (comparison === undefined) return `${status} ${name}${note === undefined ? '' : ` (${note})`}`;
  const { maxAbs, maxRel, tolerance } = comparison;
  const detail = status === 'FAIL' && note !== undefined ? ` (${note})` : '';
  return `${status} ${name} ${digits(maxAbs)} ${digits(maxRel)} ${toleranceText(tolerance)}${detail}`;
}

/** The last line of a report. */
export function totalLine({ passed, failed, skipped }: ConformanceReport): string {
  return `${passed + failed + skipped} cases: ${passed} PASS, ${failed} FAIL, ${skipped} SKIP`;
}

/** The report for machines. */
export function reportJson({ passed, failed, skipped, results }: ConformanceReport): string {
  const cases = results.map(({ status, name, comparison, note }) => ({
    status,
    name,
    maxAbs: comparison?.maxAbs,
    maxRel: comparison?.maxRel,
    tolerance: comparison?.tolerance,
    note,
  }));
  return JSON.stringify({ passed, failed, skipped, cases }, (_, value: unknown) =>
    value === Infinity ? 'Infinity' : value,
  );
}

const digits = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

function toleranceText({ kind, value }: Tolerance): string {
  return kind === 'exact' ? 'exact' : `${kind}:${value}`;
}
