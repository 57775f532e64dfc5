import { defineConfig } from 'vitest/config';

const sourceCondition = '@onestep/source';

/**
 * Tests read the sources of every sibling package through the source condition, so no build is needed.
 * TensorFlow.js keeps its gradients in files that Node cannot import by itself; vite transforms them.
 */
export function packageTests(name: string) {
  return defineConfig({
    resolve: { conditions: [sourceCondition, 'node', 'import', 'module', 'default'] },
    ssr: { resolve: { conditions: [sourceCondition, 'node', 'import', 'module', 'default'] } },
    test: {
      name,
      include: ['test/**/*.test.ts'],
      environment: 'node',
      testTimeout: 60_000,
      hookTimeout: 60_000,
      server: { deps: { inline: [/tfjs-core\/dist\/(register_all_gradients|gradients)/] } },
    },
  });
}
