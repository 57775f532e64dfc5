// One-step sampling, eager wasm against compiled with weights as inputs and baked in, interleaved:
// node bench/sampling.mjs [--rounds 7] [--threads 2]
import { compile } from '@onestep/compile';
import { paramsFromHost, tf, useBackend } from '@onestep/tensor';
import { denoise, initialParams, option, shape, summary, timed } from './setup.mjs';

const rounds = option('rounds', 7);
const executor = { threads: option('threads', 2) };

async function main() {
  await useBackend('wasm');
  const params = paramsFromHost(await initialParams());
  for (const batch of [1, 64]) {
    const args = [params, tf.randomNormal([batch, ...shape]), tf.fill([batch], 80)];
    const variants = {
      'eager wasm': async () => {
        const image = tf.tidy(() => denoise(...args));
        await image.data();
        image.dispose();
      },
    };
    const compiled = {
      'weights as inputs': await compile(denoise, args, { executor }),
      'weights baked in': await compile(denoise, args, { executor, constants: [0] }),
    };
    for (const [name, sample] of Object.entries(compiled))
      variants[name] = async () => (await sample(...args)).dispose();
    const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
    for (let round = -2; round < rounds; round += 1) {
      for (const [name, run] of Object.entries(variants)) {
        const time = await timed(run);
        if (round >= 0) times[name].push(time);
      }
    }
    const slow = summary(times['eager wasm']);
    for (const name of Object.keys(variants)) {
      const { median, text } = summary(times[name]);
      const rate = ((1000 * batch) / median).toFixed(0);
      console.log(`batch ${batch}, ${name}: ${text}, ${rate} images/s, ${(slow.median / median).toFixed(2)} x eager`);
    }
    for (const one of Object.values(compiled)) await one.dispose();
  }
}

main().then(() => process.exit(0));
