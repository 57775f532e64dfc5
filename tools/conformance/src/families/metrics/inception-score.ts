import { inceptionScore } from '@onestep/metrics';
import { compareAll, tolerances } from '../../compare';
import { eachEntry, type Family } from '../../family';

/** Inception scores of stored logits (`inception_score.json`). */
export const inceptionScores: Family = {
  name: 'inception score',
  recognises: (content) => content.everyCaseHas('logits', 'splits'),
  cases(file) {
    const tensors = file.companion(`${file.stem}.safetensors`);
    return eachEntry(file, 'cases', (entry, name) => ({
      name,
      run: () => {
        const logits = tensors[entry.text('logits')];
        const { mean, std, perSplit } = inceptionScore(logits, { splits: entry.number('splits') });
        return compareAll(
          {
            'per split': [perSplit, entry.numbers('per_split')],
            mean: [[mean], [entry.number('mean')]],
            std: [[std], [entry.number('std')]],
            'one split': [[inceptionScore(logits, { splits: 1 }).mean], [entry.number('one_split')]],
          },
          tolerances.score,
        );
      },
    }));
  },
};
