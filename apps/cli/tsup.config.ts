import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/workspace/tsup.base';

export default defineConfig(
  packageBuild(['src/main.ts', 'src/workers/gradients.ts'], { platform: 'node', splitting: true }),
);
