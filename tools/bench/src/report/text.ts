import type { Figure, Report, Row } from './report';

/** The report for people: one block per case, one line per subject. */
export function reportText({ question, command, machine, engines, rows, notes }: Report): string {
  const { cpu, cores, memoryGb, node, platform, loadAverage } = machine;
  const lines = [
    `${question}: median (min .. max)`,
    `  machine  ${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}, load average ${loadAverage} at the start`,
    ...engines.map((engine) => `  engine   ${engine}`),
    `  repeat   ${command}`,
  ];
  for (const name of new Set(rows.map((row) => row.case))) {
    lines.push('', name);
    const shown = rows.filter((row) => row.case === name);
    const width = Math.max(22, ...shown.map(({ subject }) => subject.length));
    for (const row of shown) lines.push(...rowLines(row, width));
  }
  if (notes.length > 0) lines.push('', ...notes.map((note) => `note: ${note}`));
  return `${lines.join('\n')}\n`;
}

function rowLines({ subject, figures, facts = {} }: Row, width: number): string[] {
  const shown = Object.entries(figures);
  const title = `  ${subject.padEnd(width)}`;
  const factText = Object.entries(facts).map(([name, value]) => `${name} ${shortFact(value)}`);
  // Shares and other long lists read better one below the other.
  if (shown.length > 4) {
    return [title.trimEnd(), ...shown.map(([name, value]) => `    ${name.padEnd(24)} ${figureText(value)}`)];
  }
  const figureTexts = shown.map(([, value]) => figureText(value));
  return [`${title} ${[...figureTexts, ...factText].join('   ')}`];
}

function figureText({ unit, median, min, max, runs }: Figure): string {
  const middle = `${short(median)} ${unit}`;
  return runs === 1 ? `${middle} (one run)` : `${middle} (${short(min)} .. ${short(max)})`;
}

function shortFact(value: number | string | boolean): string {
  return typeof value === 'number' && !Number.isInteger(value) ? short(value) : String(value);
}

/** Three digits that matter; the JSON form keeps all. */
function short(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return digits > 5 ? value.toExponential(1) : value.toFixed(digits);
}
