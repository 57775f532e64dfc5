// Training step, eager wasm against compiled, interleaved: node bench/train-step.mjs [--batch 16] [--rounds 5] [--threads 2]
import { compiledRunner } from '@onestep/compile';
import { eagerRunner, useBackend } from '@onestep/tensor';
import { initialState, option, stepInputs, summary, timed, trainStep } from './setup.mjs';

const batch = option('batch', 16);
const rounds = option('rounds', 5);
const threads = option('threads', 2);

async function main() {
  await useBackend('wasm');
  const options = { step: trainStep, state: await initialState() };
  const compiled = await compiledRunner({ executor: { threads } })(options);
  const first = await timed(() => compiled.step(stepInputs(batch, 1)));
  for (let step = 2; step < 5; step += 1) await compiled.step(stepInputs(batch, step));
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  const eager = option('eager', 1) === 1 ? await eagerRunner(options) : undefined;
  await eager?.step(stepInputs(batch, 1));

  const times = { eager: [], compiled: [] };
  for (let round = 0; round < rounds; round += 1) {
    const inputs = stepInputs(batch, round + 5);
    if (eager) times.eager.push(await timed(() => eager.step(inputs)));
    times.compiled.push(await timed(() => compiled.step(inputs)));
  }
  const fast = summary(times.compiled);
  console.log(`batch ${batch}, ${rounds} rounds`);
  console.log(`${compiled.description}: ${fast.text}; first step ${Math.round(first)} ms, peak memory ${megabytes} MB`);
  if (eager) {
    const slow = summary(times.eager);
    console.log(`${eager.description}: ${slow.text}`);
    console.log(`ratio of medians: ${(slow.median / fast.median).toFixed(2)}`);
  }
  const before = process.memoryUsage().rss;
  const more = option('steps', 0);
  for (let step = 0; step < more; step += 1) await compiled.step(stepInputs(batch, step + 100));
  if (more > 0)
    console.log(`${more} more steps: memory grew by ${Math.round((process.memoryUsage().rss - before) / 2 ** 20)} MB`);
  compiled.dispose();
  eager?.dispose();
}

main().then(() => process.exit(0));
