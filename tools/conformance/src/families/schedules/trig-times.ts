import { sigmaToTrigTime, trigProposalTimes, trigTimeToSigma } from '@onestep/core';
import type { GoldenCase } from '../../case';
import { compare, compareAll, tolerances } from '../../compare';
import { bySection, eachEntry, type Family } from '../../family';
import type { Entry } from '../../golden-json';

/** TrigFlow angles (`trigflow.json`). */
export const trigTimes: Family = {
  name: 'TrigFlow times',
  recognises: (content) => content.has('mapping') && content.has('proposal'),
  cases: (file) =>
    bySection(file, {
      mapping: () => eachEntry(file, 'mapping', mappingCase),
      proposal: () => eachEntry(file, 'proposal', proposalCase),
    }),
};

function mappingCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const sigmaData = entry.number('sigma_data');
      const t = entry.numbers('sigma').map((sigma) => sigmaToTrigTime(sigma, { sigmaData }));
      // From the file's own angles: near pi/2 the tangent makes much of the last bit of an arctangent.
      const back = entry.numbers('t').map((angle) => trigTimeToSigma(angle, { sigmaData }));
      return compareAll(
        {
          t: [t, entry.numbers('t')],
          cos_t: [t.map(Math.cos), entry.numbers('cos_t')],
          sin_t: [t.map(Math.sin), entry.numbers('sin_t')],
          back_sigma: [back, entry.numbers('back_sigma')],
        },
        tolerances.schedule,
      );
    },
  };
}

function proposalCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run: () =>
      compare(
        trigProposalTimes(entry.numbers('z'), {
          pMean: entry.number('P_mean'),
          pStd: entry.number('P_std'),
          sigmaData: entry.number('sigma_data'),
        }),
        entry.numbers('t'),
        tolerances.schedule,
      ),
  };
}
