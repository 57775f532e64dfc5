// Scores the 10,000 MNIST test images at once and in 1, 3 and 7 shards, through the built command line; the receipts must have
// the same bytes, and the score must be the floor.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/onestep.js', import.meta.url));
const cwd = mkdtempSync(join(tmpdir(), 'onestep-eval-'));
const run = (...args) => execFileSync(process.execPath, [bin, 'eval', ...args], { cwd, encoding: 'utf8' });
const metrics = ['--metrics', 'fd,is,diversity'];

try {
  run('mnist:test', ...metrics, '--out', 'whole.json');
  const whole = readFileSync(join(cwd, 'whole.json'), 'utf8');
  const [{ value, floor }] = JSON.parse(whole).receipts;
  assert.ok(Math.abs(value / floor.value - 1) < 1e-5, `expected the floor ${floor.value}, got ${value}`);
  for (const shards of [1, 3, 7]) {
    const parts = Array.from({ length: shards }, (_, i) => `part-${shards}-${i + 1}.safetensors`);
    parts.forEach((part, i) => run('mnist:test', ...metrics, '--shard', `${i + 1}/${shards}`, '--save-partial', part));
    run('merge', ...parts.reverse(), '--out', `merged-${shards}.json`);
    assert.equal(readFileSync(join(cwd, `merged-${shards}.json`), 'utf8'), whole);
    console.log(`${shards} shards: FD-LeNet ${value}, receipts equal byte for byte`);
  }
} finally {
  rmSync(cwd, { recursive: true, force: true });
}
