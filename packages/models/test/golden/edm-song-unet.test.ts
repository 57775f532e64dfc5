import { describe } from 'vitest';
import { goldenFolder } from '../../../../tools/workspace/golden';
import { fromEdmSongConfig, songUnet } from '../../src';
import { describeEdmNetwork } from './describe-edm-network';

const names = ['edm_songunet_ddpmpp', 'edm_songunet_ncsnpp', 'edm_songunet_skip'];

describe.runIf(goldenFolder() !== undefined)('EDM SongUNet', () => {
  for (const name of names) describeEdmNetwork(name, (cfg, tensors) => songUnet(fromEdmSongConfig(cfg, tensors)));
});
