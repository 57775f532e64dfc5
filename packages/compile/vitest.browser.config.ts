import { packageTests } from '../../tools/workspace/vitest.base';

const { test, ...shared } = packageTests('compile');

/** Needs a Chromium on the machine, so it is a target of its own: `npx nx browser compile`. */
export default {
  ...shared,
  test: { ...test, include: ['browser/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 120_000 },
};
