import { dpmpp2m, dpmpp2mSde, dpmpp3mSde, lms, type Dpmpp2mSdeOptions } from '@onestep/sampling';
import { ancestralOptions, onGrid, paramsOf, toZero, type SamplerCases } from './sampler-case';

/** Samplers of k-diffusion whose steps use the answers of earlier ones. */
export const historyCases: SamplerCases = {
  lms: (entry, file) => onGrid(lms, toZero(entry, file), { order: paramsOf(entry).numberOr('order', 4) }),
  dpmpp_2m: (entry, file) => onGrid(dpmpp2m, toZero(entry, file), {}),
  dpmpp_2m_sde: (entry, file) =>
    onGrid(dpmpp2mSde, toZero(entry, file), {
      ...ancestralOptions(entry),
      solverType: paramsOf(entry).textOr('solver_type', 'midpoint') as Dpmpp2mSdeOptions['solverType'],
    }),
  dpmpp_3m_sde: (entry, file) => onGrid(dpmpp3mSde, toZero(entry, file), ancestralOptions(entry)),
};
