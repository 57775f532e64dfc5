import type { Options } from 'tsup';

/** Build shared by every package: ESM and types, dependencies left outside, one folder `dist/`. */
export function packageBuild(entry: readonly string[] = ['src/index.ts'], extra: Options = {}): Options {
  return {
    entry: [...entry],
    format: ['esm'],
    target: 'node20',
    platform: 'neutral',
    dts: true,
    clean: true,
    sourcemap: true,
    treeshake: true,
    silent: true,
    ...extra,
  };
}
