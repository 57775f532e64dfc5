import { OnestepError, randomStream, writeSafetensors } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { decodeMoments, encodeMoments, MomentStatistics } from '../../src/index';

const statistics = new MomentStatistics(7, { range: 16 }).add(randomStream(1, 'test').normal(70));

describe('moments files', () => {
  it('give back every bit', () => {
    const { statistics: read, about } = decodeMoments(encodeMoments(statistics, { id: 'somewhere' }));
    expect(read.sums()).toEqual(statistics.sums());
    expect(about).toEqual({ id: 'somewhere' });
  });

  it('are refused if they are something else', () => {
    expect(() => decodeMoments(new Uint8Array(20))).toThrow(OnestepError);
    expect(() => decodeMoments(writeSafetensors({}))).toThrow('the format is undefined');
    const metadata = { format: 'onestep-moments-1', count: '2', dimension: '3', range: '256' };
    expect(() => decodeMoments(writeSafetensors({}, metadata))).toThrow('tensor of doubles is missing');
    const sum = { dtype: 'int32', shape: [1, 2], data: new Int32Array(2) } as const;
    const tensors = { sum, 'outer.high': sum, 'outer.low': sum };
    expect(() => decodeMoments(writeSafetensors(tensors, metadata))).toThrow('sum must hold 3 finite numbers, got 1');
    expect(() => decodeMoments(writeSafetensors(tensors, { ...metadata, dimension: '1e9' }))).toThrow('dimension');
    expect(() => decodeMoments(writeSafetensors(tensors, { ...metadata, dimension: '1', count: '1e9' }))).toThrow(
      'exact up to',
    );
  });

  it('keep their own names', () => {
    expect(() => encodeMoments(statistics, { count: '7' })).toThrow('taken by the format');
  });
});
