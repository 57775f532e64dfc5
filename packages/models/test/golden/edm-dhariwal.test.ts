import { describe } from 'vitest';
import { goldenFolder } from '../../../../tools/workspace/golden';
import { dhariwalUnet, fromEdmDhariwalConfig } from '../../src';
import { describeEdmNetwork } from './describe-edm-network';

describe.runIf(goldenFolder() !== undefined)('EDM DhariwalUNet', () => {
  describeEdmNetwork('edm_dhariwal', (cfg) => dhariwalUnet(fromEdmDhariwalConfig(cfg)));
});
