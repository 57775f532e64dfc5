import { describe, expect, it } from 'vitest';
import { runCli } from '../src/cli';

async function study(...args: string[]) {
  const texts = { out: '', err: '' };
  const code = await runCli(args, {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
  });
  return { code, ...texts };
}

describe('study', () => {
  it('refuses methods and times it does not know, naming those it does', async () => {
    const row = await study('mixtures', '--problem', '2d', '--rows', 'cdd', '--steps', '1', '--points', '2048');
    expect(row.code).toBe(1);
    expect(row.err).toMatch(/no row "cdd", known are edm, cd, /);
    const time = await study('mnist', '--budget', 'soon');
    expect(time.code).toBe(2);
    expect(time.err).toMatch(/must be a time such as/);
  });

  it('trains the rows asked for and those they start from, and prints errors that mean something', async () => {
    const { code, out, err } = await study(
      'mixtures',
      '--problem',
      '2d',
      '--rows',
      'cd',
      '--steps',
      '150',
      '--points',
      '2048',
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    const line = (name: string): string[] => {
      const found = out.split('\n').find((text) => text.startsWith(`| ${name} `));
      return (found ?? '').split('|').map((cell) => cell.trim());
    };
    const [, , , , solver] = line('exact denoiser, Heun, 78 calls');
    const [, , steps, , trained] = line('cd');
    const [, , , , euler] = line('exact denoiser, Euler');
    // The solver is close to the exact map, one Euler step is the mean of the data, and a short training lies between.
    expect(Number(solver)).toBeLessThan(0.01);
    expect(steps).toBe('150');
    expect(Number(trained)).toBeLessThan(Number(euler));
    expect(Number(trained)).toBeGreaterThan(Number(solver));
  }, 60_000);
});
