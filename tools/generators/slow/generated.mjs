// Runs every generator in a copy of this workspace, through Nx as a contributor would, and holds what it made to the house
// rules: types, lint, formatting, the tests it wrote and those it must not break, and its bench.
// Run: npx nx generated generators
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const copy = mkdtempSync(join(realpathSync(tmpdir()), 'onestep-generated-'));
const golden = process.env.ONESTEP_GOLDEN ?? join(root, '../shared/golden');
const skipped = new Set(['node_modules', '.git', '.nx', 'runs']);

/** Copies sources and builds; dependencies are linked. */
function copyWorkspace() {
  for (const entry of readdirSync(root).filter((name) => !skipped.has(name))) {
    cpSync(join(root, entry), join(copy, entry), { recursive: true, filter: (from) => !skipped.has(basename(from)) });
  }
  // The copy's own packages, everybody else's as they are.
  mkdirSync(join(copy, 'node_modules/@onestep'), { recursive: true });
  for (const entry of readdirSync(join(root, 'node_modules'))) {
    if (entry === '@onestep' || entry === '.vite' || entry === '.cache') continue;
    const own = entry === 'onestep' ? join(copy, 'apps/cli') : join(root, 'node_modules', entry);
    symlinkSync(own, join(copy, 'node_modules', entry));
  }
  for (const kind of ['packages', 'tools']) {
    for (const entry of readdirSync(join(copy, kind))) {
      const file = join(copy, kind, entry, 'package.json');
      if (!existsSync(file)) continue;
      symlinkSync(join(copy, kind, entry), join(copy, 'node_modules', JSON.parse(readFileSync(file, 'utf8')).name));
      const dependencies = join(root, kind, entry, 'node_modules');
      if (existsSync(dependencies)) symlinkSync(dependencies, join(copy, kind, entry, 'node_modules'));
    }
  }
}

/** Runs a command in the copy and stops at the first that fails. */
function run(command, folder = '.') {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(command, {
    cwd: join(copy, folder),
    shell: true,
    encoding: 'utf8',
    env: {
      ...process.env,
      NX_DAEMON: 'false',
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      ONESTEP_GOLDEN: golden,
      CI: 'true',
    },
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  process.stdout.write(`${status === 0 ? 'PASS' : 'FAIL'}  ${folder.padEnd(18)} ${command}  (${seconds} s)\n`);
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
  return stdout + stderr;
}

const kinds = [
  {
    kind: 'sampler',
    name: 'my-solver',
    folder: 'packages/sampling',
    // Whatever is registered is held to these as well.
    tests:
      'test/samplers/my-solver.test.ts test/registry.test.ts test/samplers/all-samplers.test.ts test/samplers/convergence.test.ts',
  },
  {
    kind: 'objective',
    name: 'my-method',
    folder: 'packages/training',
    tests: 'test/objectives/my-method.test.ts test/trainer/resume.test.ts test/recipes',
  },
  {
    kind: 'dataset',
    name: 'my-pictures',
    folder: 'packages/data',
    tests: 'test/sources/my-pictures.test.ts test/node/my-pictures-files.test.ts test/node/open-dataset.test.ts',
    flags: '--side 9 --channels 1 --classes 3',
  },
];
const wanted = process.argv.slice(2);

try {
  copyWorkspace();
  for (const { kind, name, folder, tests, flags = '' } of kinds) {
    if (wanted.length > 0 && !wanted.includes(kind)) continue;
    const output = run(`npx nx g @onestep/workspace:${kind} ${name} ${flags}`);
    const files = [...stripVTControlCharacters(output).matchAll(/^(?:CREATE|UPDATE) (.*)$/gm)].map(([, file]) => file);
    if (files.length === 0) throw new Error(`nx g told of no file: ${output}`);
    run(`npx prettier --check ${files.join(' ')}`);
    run(`npx eslint ${files.filter((file) => file.endsWith('.ts')).join(' ')}`);
    run('npx tsc --noEmit', folder);
    run(`npx vitest run ${tests}`, folder);
    run('npx tsup', folder);
    process.stdout.write(run(`node ${folder}/bench/${name}.bench.mjs`));
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
