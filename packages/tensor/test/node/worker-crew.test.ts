import { describe, expect, it } from 'vitest';
import { hostTensor } from '../../src/index';
import { copyOfShared, shareTensors, writeShared } from '../../src/node/shared-tensors';
import { workerCrew } from '../../src/node/worker-crew';

const weights = { student: { w: hostTensor(Float32Array.of(1, 2)) }, target: { w: hostTensor(Float32Array.of(3, 4)) } };
const inputs = { x: hostTensor(Float32Array.of(5)) };

/** A crew of two workers that run this source; it says how it answers. */
const crewOf = (source: string) =>
  workerCrew({
    file: new URL(`data:text/javascript,${encodeURIComponent(source)}`),
    data: { greeting: 'hello' },
    size: 2,
  })({ weights, frozen: {} });

const prelude = `import { parentPort, workerData } from 'node:worker_threads';
const ready = () => parentPort.postMessage({ kind: 'ready', description: workerData.data.greeting });
`;

describe('workerCrew', () => {
  it('shares weights, sends inputs and brings results back in order', async () => {
    const crew = await crewOf(`${prelude}
      ready();
      parentPort.on('message', ({ inputs }) => {
        const { buffer, places } = workerData.weights;
        const { offset, length } = places.find(({ group }) => group === 'student');
        const data = new Float32Array(buffer, offset * 4, length).map((w) => w * inputs.x.data[0]);
        const result = { perImage: {}, means: { w: { dtype: 'float32', shape: [2], data } } };
        parentPort.postMessage({ kind: 'gradients', result });
      });`);
    expect(crew.description).toBe('2 workers, each hello');
    const second = { x: hostTensor(Float32Array.of(10)) };
    const read = async () => (await crew.gradients([inputs, second])).map(({ means }) => [...means.w.data]);
    expect(await read()).toEqual([
      [5, 10],
      [10, 20],
    ]);
    crew.setWeights({ student: { w: hostTensor(Float32Array.of(-1, 0)) } });
    expect(await read()).toEqual([
      [-5, 0],
      [-10, 0],
    ]);
    crew.dispose();
    await expect(crew.gradients([inputs, inputs])).rejects.toThrow('stopped');
  });

  it('fails with the words of a worker that cannot start, that fails, or that ends', async () => {
    const failing = (code: string): string => `${prelude}parentPort.postMessage({ kind: 'error', message: 'no engine here'${code} });`; // prettier-ignore
    await expect(crewOf(failing(''))).rejects.toThrow('no engine here');
    await expect(crewOf(failing(", code: 'missing-backend', details: {}"))).rejects.toMatchObject({ code: 'missing-backend' }); // prettier-ignore
    await expect(crewOf(`${prelude}throw new Error('not even begun');`)).rejects.toThrow('not even begun');
    const crew = await crewOf(`${prelude}ready(); parentPort.on('message', () => process.exit(3));`);
    await expect(crew.gradients([inputs, inputs])).rejects.toThrow('ended with code 3');
    await expect(crew.gradients([inputs, inputs])).rejects.toThrow('ended with code 3');
    crew.dispose();
  });

  it.each([0, 1.5])('refuses %d workers', (size) => {
    expect(() => workerCrew({ file: new URL('file:///worker.js'), size })).toThrow('size must be an integer >= 1');
  });
});

describe('tensors in shared memory', () => {
  it('are copied out as they were put in, and again when they change', () => {
    const groups = { a: { x: weights.student.w, n: { dtype: 'int32' as const, shape: [1], data: Int32Array.of(-7) } } };
    const shared = shareTensors(groups);
    const copy = copyOfShared(shared);
    expect(copy.groups).toEqual(groups);
    writeShared(shared, { a: { x: weights.target.w }, unknown: {} });
    expect(copy.groups.a.x.data[0]).toBe(1);
    copy.refresh();
    expect([...copy.groups.a.x.data]).toEqual([3, 4]);
    expect([...copy.groups.a.n.data]).toEqual([-7]);
  });
});
