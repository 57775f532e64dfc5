import { defineConfig } from 'vitest/config';

// Nothing here imports a sibling package, and Nx must find its own dependencies as Node does: no source conditions.
export default defineConfig({
  test: { name: 'generators', include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 },
});
