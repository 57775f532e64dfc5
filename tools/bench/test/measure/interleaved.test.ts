import { describe, expect, it } from 'vitest';
import { interleaved, timed, type Candidate } from '../../src/measure/interleaved';

function recorder(order: string[], name: string, { calls, ms = 1 }: { calls?: number; ms?: number } = {}): Candidate {
  return {
    name,
    calls,
    run: (count) => {
      order.push(`${name}${count}`);
      return Promise.resolve(count * ms);
    },
  };
}

describe('interleaved', () => {
  it('gives every candidate one turn a round and begins each round with another', async () => {
    const order: string[] = [];
    const candidates = ['a', 'b', 'c'].map((name) => recorder(order, name));
    await interleaved(candidates, { rounds: 3, warmups: 0 });
    expect(order.join(' ')).toBe('a1 b1 c1 b1 c1 a1 c1 a1 b1');
  });

  it('does not count warm-ups, which make one call each', async () => {
    const order: string[] = [];
    const times = await interleaved([recorder(order, 'a', { calls: 4, ms: 2.5 })], { rounds: 2, warmups: 1 });
    expect(order).toEqual(['a1', 'a4', 'a4']);
    expect(times.get('a')).toEqual([2.5, 2.5]);
  });

  it('announces every turn before it begins', async () => {
    const seen: string[] = [];
    const onTurn = ({ round, name }: { round: number; name: string }) => seen.push(`${round}${name}`);
    await interleaved([recorder(seen, 'x')], { rounds: 1, warmups: 1, onTurn });
    expect(seen).toEqual(['-1x', 'x1', '0x', 'x1']);
  });

  it('refuses no rounds and two candidates of one name', async () => {
    await expect(interleaved([], { rounds: 0 })).rejects.toThrow(/rounds must be an integer >= 1, got 0/);
    const twins = [recorder([], 'a'), recorder([], 'a')];
    await expect(interleaved(twins, { rounds: 1 })).rejects.toThrow(/same name/);
  });
});

describe('timed', () => {
  it('does the work as often as asked and waits for it', async () => {
    let done = 0;
    const ms = await timed(async () => {
      await Promise.resolve();
      done += 1;
    })(3);
    expect(done).toBe(3);
    expect(ms).toBeGreaterThanOrEqual(0);
  });
});
