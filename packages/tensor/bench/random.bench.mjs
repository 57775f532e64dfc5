// How many random numbers a second? Run: node bench/random.bench.mjs
import { randomStream } from '../dist/index.js';

const count = 2 ** 21;
for (const kind of ['normal', 'uniform']) {
  const rates = [];
  for (let run = -3; run < 15; run += 1) {
    const start = performance.now();
    randomStream(1, 'bench', run + 3)[kind](count);
    if (run >= 0) rates.push(count / (performance.now() - start) / 1000);
  }
  rates.sort((a, b) => a - b);
  const at = (q) => rates[Math.floor(q * rates.length)].toFixed(1).padStart(6);
  console.log(`${kind.padEnd(8)} ${at(0.5)} million/s  (${at(0.25)} ..${at(0.75)})`);
}
