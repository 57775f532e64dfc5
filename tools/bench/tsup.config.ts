import { defineConfig } from 'tsup';
import { packageBuild } from '../workspace/tsup.base';

export default defineConfig(packageBuild(['src/main.ts', 'src/gradient-worker.ts'], { platform: 'node', dts: false }));
