// Kills a run with SIGKILL at random times until it has been killed ten times, resumes it each time, and compares the
// final weights, moments and averages byte by byte with those of an uninterrupted run.
//
//   npx nx kill-resume cli             (eager wasm; about five minutes on 2 cores)
//   npx nx kill-resume cli --compile   (the compiled step)
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/onestep.js', import.meta.url));
const engine = process.argv.includes('--compile') ? [] : ['--no-compile'];
const cwd = mkdtempSync(join(tmpdir(), 'onestep-kill-'));
const steps = 60;
const kills = 10;

writeFileSync(
  join(cwd, 'recipe.json'),
  JSON.stringify({
    name: 'kill',
    method: 'ect',
    dataset: { spec: 'mnist' },
    network: {
      name: 'adm-unet',
      preset: 'mnist-tiny',
      classConditional: true,
      config: { modelChannels: 16, numHeadChannels: 16 },
    },
    optimizer: { name: 'radam', learningRate: 1e-3 },
    ema: [{ name: 'main', decay: 0.99 }],
    batchSize: 16,
    steps,
    seed: 7,
    checkpoint: { everySteps: 4, keepLast: 2 },
    logging: { everySteps: 4, samplesEverySteps: 30 },
  }),
);

/** Runs one command; with `afterMs`, kills it that long after its first step, unless it has ended. */
function run(args, afterMs) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args, '--json', '--backend', 'wasm', ...engine], { cwd });
    let killed = false;
    let timer;
    child.stdout.on('data', (chunk) => {
      if (afterMs === undefined || timer !== undefined || !chunk.toString().includes('"progress"')) return;
      timer = setTimeout(() => {
        killed = child.exitCode === null && child.kill('SIGKILL');
      }, afterMs);
    });
    child.stderr.pipe(process.stderr);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, killed: killed && code === null });
    });
  });
}

const sums = (folder) =>
  ['model', 'ema-main', 'optimizer'].map((name) =>
    createHash('sha256')
      .update(readFileSync(join(cwd, folder, 'checkpoints', String(steps), `${name}.safetensors`)))
      .digest('hex'),
  );

const startedAt = performance.now();
const straight = await run(['train', 'recipe.json', '--out', 'straight']);
if (straight.code !== 0) throw new Error(`The uninterrupted run ended with code ${straight.code}.`);
const wanted = sums('straight').join();

let done = 0;
for (let round = 0; done < kills; round += 1) {
  const folder = `killed-${round}`;
  let first = true;
  while (!existsSync(join(cwd, folder, 'checkpoints', String(steps)))) {
    const args = first ? ['train', 'recipe.json', '--out', folder] : ['resume', folder];
    const after = done < kills ? 200 + Math.random() * 4000 : undefined;
    const { code, killed } = await run(args, after);
    first = false;
    if (killed) {
      done += 1;
      process.stdout.write(`killed ${done} of ${kills}, ${(after / 1000).toFixed(2)} s after the first step\n`);
    } else if (code !== 0) throw new Error(`A resumed run ended with code ${code}.`);
  }
  if (sums(folder).join() !== wanted) throw new Error(`${folder}: the weights differ from the uninterrupted run.`);
  process.stdout.write(`${folder}: final weights, moments and averages equal the uninterrupted run, byte by byte\n`);
}
process.stdout.write(`${kills} kills in ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`);
rmSync(cwd, { recursive: true });
