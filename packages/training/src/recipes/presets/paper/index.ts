import type { Presets } from '../preset';
import { baselinePaperPresets } from './baselines';
import { consistencyPaperPresets } from './consistency';
import { continuousPaperPresets } from './continuous';
import { edmPaperPresets } from './edm';
import { edm2PaperPresets } from './edm2';
import { trajectoryPaperPresets } from './trajectories';

/** Published settings, where the papers or their code give one. */
export const paperPresets: Presets = {
  ...edmPaperPresets,
  ...edm2PaperPresets,
  ...consistencyPaperPresets,
  ...continuousPaperPresets,
  ...trajectoryPaperPresets,
  ...baselinePaperPresets,
};
