import type { Options } from 'tsup';

/**
 * Build shared by every package: ESM, dependencies left outside, one folder `dist/`. Types take far longer and only
 * published packages need them (siblings read sources), so they are a target of their own, `build-types`.
 */
export function packageBuild(entry: readonly string[] = ['src/index.ts'], extra: Options = {}): Options {
  return {
    entry: [...entry],
    format: ['esm'],
    target: 'node20',
    platform: 'neutral',
    clean: true,
    sourcemap: true,
    treeshake: true,
    silent: true,
    ...extra,
  };
}
