import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
// Inside the workspace, so that `@onestep/*` resolves to the built packages as it would for a user.
const scratch = mkdtempSync(join(root, 'tools/examples/.run-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the example of each package README', () => {
  for (const name of readdirSync(join(root, 'packages'))) {
    it(`runs for @onestep/${name} and prints something`, async () => {
      const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
      const source = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
      if (source === undefined) throw new Error(`packages/${name}/README.md has no ts block.`);
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      const file = join(scratch, `${name}.mjs`);
      writeFileSync(file, outputText);
      const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: scratch, timeout: 60_000 });
      expect(stdout.trim()).not.toBe('');
    });
  }
});
