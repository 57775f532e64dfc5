import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/workspace/tsup.base';

export default defineConfig(packageBuild(['src/index.ts', 'src/node.ts']));
