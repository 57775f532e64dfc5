import { defineConfig } from 'tsup';
import { packageBuild } from '../workspace/tsup.base';

// Nx loads generators with `require`.
export default defineConfig(
  packageBuild(['src/sampler.ts', 'src/objective.ts', 'src/dataset.ts'], {
    platform: 'node',
    format: ['cjs'],
    external: ['@nx/devkit', 'typescript'],
    dts: false,
  }),
);
