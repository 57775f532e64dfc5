import { emaDecay, updateEma } from '@onestep/training';
import { disposeParams, tf, type Params } from '@onestep/tensor';
import type { GoldenCase } from '../case';
import { compare, tolerances } from '../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../family';
import type { Entry } from '../golden-json';

/** Exponential moving averages (`ema.json`). */
export const averages: Family = {
  name: 'averages',
  recognises: (content) => content.has('source_sequence') || content.has('edm_halflife_beta'),
  cases: (file) =>
    bySection(file, {
      start: 'shared',
      source_sequence: 'shared',
      cases: () => eachEntry(file, 'cases', (entry, name) => rateCase(file, entry, name)),
      edm_halflife_beta: () => eachEntry(file, 'edm_halflife_beta', halfLifeCase),
    }),
};

function rateCase(file: GoldenFile, entry: Entry, name: string): GoldenCase {
  return {
    name,
    async run() {
      const { shape, data } = file.content.tensor('source_sequence');
      let ema: Params = { p: tf.tensor1d([...file.content.numbers('start')]) };
      const trace: number[] = [];
      for (let step = 0; step < shape[0]; step += 1) {
        const previous = ema;
        ema = tf.tidy(() => {
          const source = { p: tf.tensor1d(data.slice(step * shape[1], (step + 1) * shape[1])) };
          return updateEma(previous, source, tf.scalar(1 - entry.number('rate')));
        });
        disposeParams(previous);
        trace.push(...(await ema.p.data()));
      }
      disposeParams(ema);
      return compare(trace, entry.numbers('trace'), tolerances.optimizerFloat32);
    },
  };
}

function halfLifeCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const rule = {
        halfLifeImages: 1000 * entry.number('ema_halflife_kimg'),
        rampUp: entry.has('ema_rampup_ratio') ? entry.number('ema_rampup_ratio') : null,
      };
      const batchSize = entry.number('batch_size');
      const decays = entry.numbers('cur_nimg').map((imagesSeen) => emaDecay(rule, { imagesSeen, batchSize }));
      return compare(decays, entry.numbers('beta'), tolerances.optimizer);
    },
  };
}
