import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onestep, scratchFolder } from './support/cli';
import { writeSmallDigits } from './support/small-data';

const scratch = scratchFolder();
const { path: cwd } = scratch;
beforeAll(() => {
  writeSmallDigits(join(cwd, 'digits'), { count: 60, side: 28 });
  writeSmallDigits(join(cwd, 'other'), { count: 40, side: 28 });
});
afterAll(() => scratch.remove());

const evaluate = (...args: readonly string[]) => onestep(['eval', ...args], cwd);
const common = ['--batch-size', '10', '--against', 'other:train', '--no-compile'];

interface Scored {
  readonly receipts: readonly { readonly metric: string; readonly value: number; readonly flags: readonly string[] }[];
}

describe('onestep eval', () => {
  it('scores with several metrics in one pass, and shards merge to the same bits', async () => {
    const metrics = ['--metrics', 'fd,kid,precision-recall,is'];
    const whole = await evaluate('digits:train', ...common, ...metrics, '--out', 'whole.json');
    expect(whole.stderr).toBe('');
    expect(whole.stdout).toMatch(/FD-LeNet +[\d.]+/);
    expect(whole.stdout).toContain('under 2,000 samples');
    for (const part of ['1/2', '2/2']) {
      const { code } = await evaluate(
        'digits:train',
        ...common,
        ...metrics,
        '--shard',
        part,
        '--save-partial',
        `p${part[0]}`,
      );
      expect(code).toBe(0);
    }
    const merged = await evaluate('merge', 'p2', 'p1', '--no-compile', '--out', 'merged.json');
    expect(merged.code).toBe(0);
    expect(readFileSync(join(cwd, 'merged.json'), 'utf8')).toBe(readFileSync(join(cwd, 'whole.json'), 'utf8'));
    const half = await evaluate('merge', 'p2', '--no-compile');
    expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining('Parts are missing') as string });
  });

  it('saves statistics that give the score of the images they are of', async () => {
    await evaluate('other:train', '--batch-size', '10', '--no-compile', '--save-statistics', 's.safetensors');
    const stored = await evaluate('digits:train', ...common, '--against', 's.safetensors', '--json');
    const direct = await evaluate('digits:train', ...common, '--json');
    const valueOf = ({ stdout }: { readonly stdout: string }): number =>
      (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Scored).receipts[0].value;
    expect(valueOf(stored)).toBe(valueOf(direct));
    const kid = await evaluate('digits:train', ...common, '--against', 's.safetensors', '--metrics', 'kid');
    expect(kid).toMatchObject({ code: 2, stderr: expect.stringContaining('holds statistics') as string });
  });

  it('explains why receipts are not comparable, by exit code too', async () => {
    await evaluate('digits:train', ...common, '--out', 'a.json');
    await evaluate('digits:train', ...common, '--count', '50', '--out', 'b.json');
    const same = await evaluate('explain', 'a.json', 'a.json');
    expect(same).toMatchObject({ code: 0, stdout: 'FD-LeNet: comparable\n' });
    const other = await evaluate('explain', 'a.json', 'b.json');
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(/not comparable\n +Differs, and must not:\n +samples: 60 \| 50/);
    writeFileSync(
      join(cwd, 'c.json'),
      readFileSync(join(cwd, 'a.json'), 'utf8').replace('"samples": 60', '"samples": 61'),
    );
    expect(await evaluate('explain', 'a.json', 'c.json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('its sum does not match') as string,
    });
  });

  it('refuses what cannot be, with a sentence', async () => {
    for (const [args, message] of [
      [['digits:train', ...common, '--count', '1'], 'needs at least 2 images, got 1'],
      [['digits:train', '--network', 'inception-v3'], '--repeat-grey'],
      [['digits:train', '--metrics', 'fdi'], 'Unknown metric "fdi"'],
      [['digits:train', '--steps', '2'], '--steps: digits:train holds images that are there already'],
      [['digits:train', '--shard', '1/2'], 'go together'],
      [['nowhere'], 'nowhere does not exist'],
    ] as const) {
      const { code, stderr } = await evaluate(...args);
      expect(code, message).toBe(2);
      expect(stderr).toContain(message);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});
