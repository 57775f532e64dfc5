// Kills runs with SIGKILL at random moments, resumes each time, and compares the final weights, moments, averages and
// whatever else a checkpoint holds byte by byte with those of an uninterrupted run. Images first, killed ten times; then
// points: a method in stages, one with parameters beside the network and one that learns from pairs, each killed three times.
//
//   npx nx kill-resume cli             (eager wasm; about six minutes on 2 cores)
//   npx nx kill-resume cli --compile   (the compiled step)
//   npx nx kill-resume cli --points    (without the images; a minute or two)
//   npx nx kill-resume cli --all       (every method; with --points on points alone)
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/onestep.js', import.meta.url));
const has = (flag) => process.argv.includes(flag);
const engine = has('--compile') ? [] : ['--no-compile'];
const cwd = mkdtempSync(join(tmpdir(), 'onestep-kill-'));

const images = {
  name: 'images',
  kills: 10,
  // Killed a random time after the first step.
  moment: () => ({ step: 1, afterMs: 200 + Math.random() * 4000 }),
  flags: [],
  recipe: {
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
    steps: 60,
    seed: 7,
    checkpoint: { everySteps: 4, keepLast: 2 },
    logging: { everySteps: 4, samplesEverySteps: 30 },
  },
};

/** Teachers that the recipes below start from, by recipe, and the pairs one of them makes. */
const teachers = ['mixture-2d-edm', 'mixture-2d-trigflow', 'mixture-2d-reflow'];

/** A recipe on points, shortened; killed a moment after a random step. */
function points(name, { teacher, pairs } = {}) {
  const steps = 60;
  return {
    name,
    kills: 3,
    moment: () => ({ step: 1 + Math.floor(Math.random() * (steps - 2)), afterMs: Math.random() * 20 }),
    flags: [
      ...(teacher === undefined ? [] : ['--teacher', teacher]),
      ...(pairs === undefined ? [] : ['--pairs', `${pairs}.safetensors`]),
    ],
    base: name,
    recipe: {
      batchSize: 32,
      steps,
      seed: 7,
      ema: [
        { name: 'main', decay: 0.9 },
        { name: 'power', power: { relativeStd: 0.1 } },
      ],
      checkpoint: { everySteps: 4, keepLast: 2 },
      logging: { everySteps: 4, samplesEverySteps: 30 },
    },
  };
}

const edm = { teacher: 'mixture-2d-edm' };
const trigflow = { teacher: 'mixture-2d-trigflow' };
const reflow = { teacher: 'mixture-2d-reflow' };
const core = [
  points('mixture-2d-pd', edm),
  points('mixture-2d-sct', trigflow),
  points('mixture-2d-kd', { ...edm, pairs: 'mixture-2d-edm' }),
];
const others = [
  points('mixture-2d-edm'),
  points('mixture-2d-cd', edm),
  points('mixture-2d-ct'),
  points('mixture-2d-ict'),
  points('mixture-2d-ect', edm),
  points('mixture-2d-scd', trigflow),
  points('mixture-2d-ctm', edm),
  points('mixture-2d-reflow'),
  points('mixture-2d-reflow-2', { ...reflow, pairs: 'mixture-2d-reflow' }),
  points('mixture-2d-reflow-distill', { ...reflow, pairs: 'mixture-2d-reflow' }),
  points('mixture-2d-meanflow'),
];

/** Runs one command; with `kill`, kills it `afterMs` after it has made `step` steps of its own, unless it has ended. */
function run(args, kill) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd });
    let [killed, timer, made, rest, stdout] = [false, undefined, 0, '', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk.toString();
      const lines = `${rest}${chunk.toString()}`.split('\n');
      rest = lines.pop() ?? '';
      made += lines.filter((line) => line.includes('"progress"')).length;
      if (kill === undefined || timer !== undefined || made < kill.step) return;
      timer = setTimeout(() => {
        killed = child.exitCode === null && child.kill('SIGKILL');
      }, kill.afterMs);
    });
    child.stderr.pipe(process.stderr);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, killed: killed && code === null, stdout });
    });
  });
}

const train = (args, kill) => run([...args, '--json', '--backend', 'wasm', ...engine], kill);

async function must(args) {
  const { code, stdout } = await run([...args, '--json']);
  if (code !== 0) throw new Error(`onestep ${args.join(' ')} ended with code ${code}.`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** What the last checkpoint of a run holds, as one line; its manifest and times aside. */
function sums(folder, steps) {
  const last = join(cwd, folder, 'checkpoints', String(steps));
  const files = readdirSync(last).filter((name) => name.endsWith('.safetensors'));
  const hash = (name) =>
    createHash('sha256')
      .update(readFileSync(join(last, name)))
      .digest('hex');
  return files
    .sort()
    .map((name) => `${name} ${hash(name)}`)
    .join('\n');
}

async function check({ name, kills, moment, flags, base, recipe: changes }) {
  const recipe = base === undefined ? changes : { ...(await must(['recipes', base])).recipe, ...changes };
  const file = `${name}.json`;
  const { steps } = recipe;
  writeFileSync(join(cwd, file), JSON.stringify(recipe));
  const start = (folder) => ['train', file, ...flags, '--out', folder];
  const straight = await train(start(`${name}-straight`));
  if (straight.code !== 0) throw new Error(`${name}: the uninterrupted run ended with code ${straight.code}.`);
  const wanted = sums(`${name}-straight`, steps);
  let done = 0;
  for (let round = 0; done < kills; round += 1) {
    const folder = `${name}-killed-${round}`;
    while (!existsSync(join(cwd, folder, 'checkpoints', String(steps)))) {
      const kill = done < kills ? moment() : undefined;
      const begun = existsSync(join(cwd, folder, 'recipe.json'));
      const { code, killed } = await train(begun ? ['resume', folder] : start(folder), kill);
      if (killed) {
        done += 1;
        const when = `${(kill.afterMs / 1000).toFixed(2)} s after step ${kill.step} of its own`;
        process.stdout.write(`${name}: killed ${done} of ${kills}, ${when}\n`);
      } else if (code !== 0) throw new Error(`${name}: a resumed run ended with code ${code}.`);
    }
    if (sums(folder, steps) !== wanted) throw new Error(`${folder}: the weights differ from the uninterrupted run.`);
    process.stdout.write(`${folder}: every tensor equals the uninterrupted run's, byte by byte\n`);
  }
  return done;
}

const startedAt = performance.now();
let total = has('--points') ? 0 : await check(images);
for (const name of teachers) {
  await must(['train', name, '--steps', '40', '--out', name]);
  await must(['pairs', name, '--count', '128', '--steps', '4', '--out', `${name}.safetensors`]);
}
for (const one of has('--all') ? [...core, ...others] : core) total += await check(one);
process.stdout.write(`${total} kills in ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`);
rmSync(cwd, { recursive: true });
