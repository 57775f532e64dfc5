// Runs after `npm ci` in a clone: builds the packages, so that `npx onestep` works at once.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

if (existsSync(new URL('../../packages', import.meta.url))) {
  const { status } = spawnSync('npm run build', { stdio: 'inherit', shell: true });
  process.exit(status ?? 1);
}
