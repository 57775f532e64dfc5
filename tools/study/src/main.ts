import { runCli } from './cli';

const interactive = process.stderr.isTTY;
const code = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  progress: (text) => void process.stderr.write(interactive ? `\r\x1b[K${text.slice(0, 110)}` : `${text}\n`),
});
if (interactive) process.stderr.write('\r\x1b[K');
// Some engines keep the process alive; the last write may still be under way.
process.exitCode = code;
process.stdout.write('', () => process.exit());
