import { fileURLToPath } from 'node:url';
import { runCli } from './cli';

const interactive = process.stderr.isTTY;
const code = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  progress: interactive ? (text) => void process.stderr.write(`\r\x1b[K${text.slice(0, 100)}`) : undefined,
  program: fileURLToPath(import.meta.url),
});
if (interactive) process.stderr.write('\r\x1b[K');
// Some engines keep the process alive; the last write may still be under way.
process.exitCode = code;
process.stdout.write('', () => process.exit());
