import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/workspace/tsup.base';

export default defineConfig(
  packageBuild(['src/index.ts', 'src/node.ts'], {
    // Node cannot import tfjs-core's gradient files by themselves (extensionless imports in a CommonJS package).
    noExternal: [/tfjs-core\/dist\//],
    treeshake: false,
  }),
);
