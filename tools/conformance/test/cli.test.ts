import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@onestep/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../src/cli';

const grid = (sigmas: readonly number[]) => ({
  karras: [
    { n: 2, sigma_min: 0.002, sigma_max: 80, rho: 7, sigmas_f64: { shape: [3], dtype: 'float64', data: sigmas } },
  ],
});

describe('the conformance command', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'onestep-conformance-'));
    mkdirSync(join(folder, 'schedules'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, content: unknown): void =>
    writeFileSync(join(folder, 'schedules', name), typeof content === 'string' ? content : JSON.stringify(content));

  async function run(...args: string[]): Promise<{ code: number; lines: string[]; errors: string }> {
    let out = '';
    let errors = '';
    const output = { out: (text: string) => void (out += text), err: (text: string) => void (errors += text) };
    const code = await runCli(['--backend', 'cpu', ...args], output);
    return { code, lines: out.trimEnd().split('\n'), errors };
  }

  it('passes what agrees, whatever the file is called, and exits 0', async () => {
    write('any-name.json', grid([80, 0.002, 0]));
    expect(await run('--golden', folder)).toEqual({
      code: 0,
      lines: ['PASS schedules/any-name.json#karras.0/sigmas_f64 0 0 rel:1e-12', '1 cases: 1 PASS, 0 FAIL, 0 SKIP'],
      errors: '',
    });
  });

  it('fails a corrupted value and exits 1', async () => {
    write('sigmas.json', grid([80, 0.0020001, 0]));
    const { code, lines } = await run('--golden', folder);
    expect(code).toBe(1);
    expect(lines[0]).toMatch(/^FAIL schedules\/sigmas\.json#karras\.0\/sigmas_f64 1\.0e-7 1\.2e-9 rel:1e-12/);
  });

  it.each([
    ['a file of an unknown kind', { something: [1, 2] }, 'unknown file type'],
    ['an unknown section of a known file', { ...grid([80, 0.002, 0]), novel: [{}] }, 'unknown section "novel"'],
    [
      'a value of the wrong type',
      { karras: [{ ...grid([80, 0.002, 0]).karras[0], n: 'two' }] },
      '"n" should be a number',
    ],
    ['a truncated file', '{"karras": [', 'JSON'],
    ['a file without cases', { karras: [] }, 'no cases'],
  ])('fails %s', async (_, content, message) => {
    write('file.json', content);
    const { code, lines } = await run('--golden', folder);
    expect(code).toBe(1);
    expect(lines.find((line) => line.startsWith('FAIL'))).toContain(message);
  });

  it('fails a weight file that nothing refers to', async () => {
    write('sigmas.json', grid([80, 0.002, 0]));
    writeFileSync(join(folder, 'stray.safetensors'), writeSafetensors({}));
    const { code, lines } = await run('--golden', folder);
    expect(code).toBe(1);
    expect(lines[1]).toBe('FAIL stray.safetensors (unknown file: no golden JSON file refers to it)');
  });

  it('fails an unknown sampler', async () => {
    const one = { shape: [1, 1], dtype: 'float64', data: [1] };
    const list = { shape: [1], dtype: 'float64', data: [1] };
    write('mixture.json', {
      gmm: { weights: list, means: one, stds: list },
      x_T: one,
      cases: [{ name: 'no_such_sampler' }],
    });
    expect((await run('--golden', folder)).lines).toEqual([
      'FAIL schedules/mixture.json#0/no_such_sampler (unknown sampler "no_such_sampler")',
      '1 cases: 0 PASS, 1 FAIL, 0 SKIP',
    ]);
  });

  it('keeps to the cases that the filter names', async () => {
    write('a.json', grid([80, 0.002, 0]));
    write('b.json', grid([80, 1, 0]));
    expect((await run('--golden', folder, '--filter', 'a.json')).code).toBe(0);
    expect((await run('--golden', folder, '--filter', 'c.json')).code).toBe(2);
  });

  it('prints one JSON object for machines', async () => {
    write('a.json', grid([80, 1, 0]));
    const { lines } = await run('--golden', folder, '--json');
    expect(JSON.parse(lines.join(''))).toMatchObject({ passed: 0, failed: 1, skipped: 0, cases: [{ status: 'FAIL' }] });
  });

  it.each([
    [['--golden', '/no/such/folder'], 'no folder at "/no/such/folder"'],
    [[], 'Pass --golden DIR'],
    [['--golden', '.', '--fast'], 'unknown option --fast'],
    [['--golden', '.', '--backend', 'abacus'], 'abacus'],
  ])('exits 2 on %j', async (args, message) => {
    const { code, errors } = await run(...args);
    expect(code).toBe(2);
    expect(errors).toContain(message);
  });
});
