import { describe, expect, it } from 'vitest';
import { figure, speedFigures, type Report } from '../../src/report/report';
import { reportText } from '../../src/report/text';

const report: Report = {
  question: 'training',
  command: 'npm run bench -- training --rounds 3',
  machine: { cpu: 'Test CPU', cores: 2, memoryGb: 8, node: 'v20.0.0', platform: 'linux-x64', loadAverage: 0.25 },
  engines: ['TensorFlow.js'],
  rows: [
    { case: 'tiny, batch 2', subject: 'eager', figures: speedFigures([10, 20, 40], { images: 2, flops: 4e9 }) },
    { case: 'tiny, batch 2', subject: 'memory', figures: {}, facts: { 'peak MB': 812, constant: true } },
  ],
  notes: ['a note'],
};

describe('speedFigures', () => {
  it('turns times into images and operations per second', () => {
    expect(speedFigures([10, 20, 40], { images: 2, flops: 4e9 })).toEqual({
      time: { unit: 'ms', median: 20, min: 10, max: 40, runs: 3 },
      throughput: { unit: 'images/s', median: 100, min: 50, max: 200, runs: 3 },
      rate: { unit: 'GFLOP/s', median: 200, min: 100, max: 400, runs: 3 },
    });
  });
});

describe('reportText', () => {
  it('shows machine, command, median and spread of every figure, facts and notes', () => {
    const text = reportText(report);
    expect(text).toContain('Test CPU, 2 cores, 8 GB, linux-x64, Node v20.0.0, load average 0.25 at the start');
    expect(text).toContain('npm run bench -- training --rounds 3');
    expect(text).toMatch(/eager +20\.0 ms \(10\.0 \.\. 40\.0\) {3}100 images\/s \(50\.0 \.\. 200\) {3}200 GFLOP\/s/);
    expect(text).toMatch(/memory +peak MB 812 {3}constant true/);
    expect(text).toContain('note: a note');
    expect(text.match(/tiny, batch 2/g)).toHaveLength(1);
  });

  it('says so when there was only one run', () => {
    const row = { case: 'c', subject: 's', figures: { time: figure('ms', [0.01234]) } };
    expect(reportText({ ...report, rows: [row] })).toContain('0.0123 ms (one run)');
  });
});
