import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runCli } from '../src/cli';
import type { Report } from '../src/report/report';

/** Built before the tests run: workers and processes of their own are started from it. */
const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));

async function run(...args: string[]) {
  let out = '';
  let err = '';
  const code = await runCli(args, { out: (text) => (out += text), err: (text) => (err += text), program });
  return { code, out, err };
}

const smoke: readonly (readonly [question: string, flags: readonly string[], cases: number])[] = [
  ['training', [], 3],
  ['sampling', [], 2],
  ['kernels', [], 2],
  // PyTorch takes seconds to start and has a test of its own.
  ['compile', ['--no-torch', '--threads', '1'], 6],
  ['features', ['--no-torch', '--threads', '1'], 2],
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

  // In a process of its own: workers run what is built.
  it('answers data-parallel with one row per division', async () => {
    const args = [program, 'data-parallel', '--quick', '--threads', '2', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { rows } = JSON.parse(stdout) as Report;
    expect(rows.map(({ subject }) => subject)).toEqual(['one session, 2 threads', '2 workers, 1 thread each']);
    expect(rows[1].figures.gain.median).toBeGreaterThan(0);
  });

  it('refuses workers that do not divide the batch', async () => {
    const { code, err } = await run('data-parallel', '--quick', '--threads', '2', '--batch', '3', '--workers', '2');
    expect(code).toBe(1);
    expect(err).toContain('2 workers do not divide 2 threads and 3 images');
  });

  it('answers compile --profile with shares that add up, and the rate of every product', async () => {
    const flags = ['--quick', '--threads', '1', '--batch', '2', '--sample-batch', '1'];
    const { code, out, err } = await run('compile', '--profile', ...flags, '--json');
    expect(err).toBe('');
    expect(code).toBe(0);
    const { rows } = JSON.parse(out) as Report;
    const cases = new Set(rows.map((row) => row.case));
    expect(cases.size).toBe(4);
    for (const name of cases) {
      if (!name.endsWith('by kind')) continue;
      const [product, whole, ...parts] = rows.filter((row) => row.case === name);
      expect(product.figures.rate.unit).toBe('GFLOP/s');
      const share = (row: (typeof rows)[number]): number => Number(row.facts?.['% of the whole']);
      expect(share(whole)).toBeCloseTo(100);
      expect(parts.reduce((sum, row) => sum + share(row), 0)).toBeCloseTo(100);
      expect(parts.reduce((sum, row) => sum + Number(row.facts?.calls), 0)).toBe(whole.facts?.calls);
    }
    const training = rows.filter((row) => row.case === 'tiny, ect step, batch 2: operators by kind');
    const counted = training.flatMap(({ subject, facts = {} }) => ('GFLOP/s' in facts ? [subject] : []));
    expect(counted).toEqual(expect.arrayContaining(['the whole', 'conv2d', 'conv2dInputGrad', 'conv2dFilterGrad']));
  });

  it('refuses to profile another provider than cpu', async () => {
    const { code, err } = await run('compile', '--profile', '--quick', '--provider', 'webgpu');
    expect(code).toBe(1);
    expect(err).toMatch(/^bench: --profile: provider must be cpu, got webgpu\./);
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
