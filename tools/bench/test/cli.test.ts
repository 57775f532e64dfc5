import { describe, expect, it } from 'vitest';
import { runCli } from '../src/cli';
import type { Report } from '../src/report/report';

async function run(...args: string[]) {
  let out = '';
  let err = '';
  const code = await runCli(args, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

const smoke: readonly (readonly [question: string, flags: readonly string[], cases: number])[] = [
  ['training', [], 3],
  ['sampling', [], 2],
  ['kernels', [], 2],
  // PyTorch takes seconds to start and has a test of its own.
  ['compile', ['--no-torch', '--threads', '1'], 6],
  ['memory', [], 1],
];

describe('bench', () => {
  it.each(smoke)('answers %s with --quick --json as one line of JSON', async (question, flags, cases) => {
    const { code, out, err } = await run(question, '--quick', ...flags, '--json');
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const report = JSON.parse(out) as Report;
    expect(report.question).toBe(question);
    expect(report.command).toBe(['npm run bench --', question, '--quick', ...flags].join(' '));
    expect(report.machine.cores).toBeGreaterThan(0);
    expect(report.machine.loadAverage).toBeGreaterThanOrEqual(0);
    expect(new Set(report.rows.map((row) => row.case)).size).toBe(cases);
    for (const { figures } of report.rows) {
      for (const { median, min, max, runs } of Object.values(figures)) {
        expect(min).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(max);
        expect(runs).toBeGreaterThanOrEqual(1);
      }
    }
    const facts = report.rows.flatMap((row) => Object.entries(row.facts ?? {}));
    for (const [name, value] of facts) {
      if (name === 'tensors constant') expect(value).toBe(true);
      if (name === 'compiled - eager') expect(Number(value)).toBeLessThan(1e-5);
    }
  });

  it('prints text without --json', async () => {
    const { code, out } = await run('kernels', '--quick');
    expect(code).toBe(0);
    expect(out).toMatch(/^kernels: median \(min \.\. max\)\n {2}machine /);
  });

  it('lists the questions with --help', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const [question] of smoke) expect(out).toContain(question);
  });

  it.each([
    ['an unknown question', ['speed'], /unknown command 'speed'/],
    ['an unknown network', ['training', '--network', 'huge'], /Expected names of tiny/],
    ['rounds below 1', ['kernels', '--rounds', '0'], /Expected an integer >= 1/],
    ['an unknown option', ['sampling', '--fast'], /unknown option '--fast'/],
  ])('refuses %s with exit code 2', async (_, args, message) => {
    const { code, err } = await run(...args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('ends with code 1 and one sentence when the machine lacks what was asked for', async () => {
    const { code, err } = await run('kernels', '--quick', '--backend', 'abacus');
    expect(code).toBe(1);
    expect(err).toMatch(/^bench: .*unknown backend "abacus"/);
  });
});
