import { tf, useBackend, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { expectAgreement, randomBooleans, randomIntegers, randomTensor } from '../support/agree';

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 4 });
const seeds = fc.integer({ min: 0, max: 1000 });
const few = { numRuns: 6 };

/** A shape with some of the axes of `shape` dropped or made 1, which broadcasts to it. */
const broadcastable = (shape: readonly number[], pattern: number): number[] =>
  shape.slice(pattern % (shape.length + 1)).map((extent, i) => ((pattern >> i) & 1 ? 1 : extent));

beforeAll(async () => {
  await useBackend('cpu');
});

describe('elementwise kernels', () => {
  it('agrees with the cpu backend for every function of one float', async () => {
    const anywhere = { abs: tf.abs, neg: tf.neg, sign: tf.sign, exp: tf.exp, sigmoid: tf.sigmoid, tanh: tf.tanh, relu: tf.relu, relu6: tf.relu6, elu: tf.elu, selu: tf.selu, softplus: tf.softplus, erf: tf.erf, sin: tf.sin, cos: tf.cos, tan: tf.tan, atan: tf.atan, sinh: tf.sinh, cosh: tf.cosh, asinh: tf.asinh, floor: tf.floor, ceil: tf.ceil, round: tf.round, square: tf.square, expm1: tf.expm1, step: tf.step, isNaN: tf.isNaN, isInf: tf.isInf, isFinite: tf.isFinite, zerosLike: tf.zerosLike, onesLike: tf.onesLike, identity: tf.clone } as const; // prettier-ignore
    const positive = { log: tf.log, sqrt: tf.sqrt, rsqrt: tf.rsqrt, reciprocal: tf.reciprocal, log1p: tf.log1p, acosh: (x: Tensor) => tf.acosh(tf.add(x, 1)) } as const; // prettier-ignore
    const inUnit = { asin: tf.asin, acos: tf.acos, atanh: tf.atanh } as const;
    await fc.assert(
      fc.asyncProperty(shapes, seeds, async (shape, seed) => {
        const all = (table: Readonly<Record<string, (x: Tensor) => Tensor>>, x: Tensor) =>
          Object.fromEntries(Object.entries(table).map(([name, fn]) => [name, fn(x)]));
        await expectAgreement(
          (x: Tensor, p: Tensor, u: Tensor) => ({
            anywhere: all(anywhere, x),
            positive: all(positive, p),
            inUnit: all(inUnit, u),
            leaky: tf.leakyRelu(x, 0.3),
            prelu: tf.prelu(x, tf.scalar(0.25)),
            clip: tf.clipByValue(x, -0.5, 0.7),
          }),
          [randomTensor(shape, seed), randomTensor(shape, seed, 0.1, 3), randomTensor(shape, seed, -0.95, 0.95)],
          2e-6,
        );
      }),
      few,
    );
  });

  it('agrees for every function of two floats under broadcasting', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, fc.nat(40), async (shape, seed, pattern) => {
        const a = randomTensor(shape, seed);
        const b = randomTensor(broadcastable(shape, pattern), seed + 7);
        await expectAgreement(
          (x: Tensor, y: Tensor) => ({
            add: tf.add(x, y),
            sub: tf.sub(x, y),
            subReversed: tf.sub(y, x),
            mul: tf.mul(x, y),
            div: tf.div(x, tf.add(tf.abs(y), 0.5)),
            maximum: tf.maximum(x, y),
            minimum: tf.minimum(x, y),
            pow: tf.pow(tf.abs(x), y),
            mod: tf.mod(x, tf.add(tf.abs(y), 0.5)),
            atan2: tf.atan2(x, y),
            squaredDifference: tf.squaredDifference(x, y),
            addN: tf.addN([x, x, tf.mul(x, 2)]),
            equal: tf.equal(x, y),
            notEqual: tf.notEqual(x, y),
            less: tf.less(x, y),
            lessEqual: tf.lessEqual(x, y),
            greater: tf.greater(x, y),
            greaterEqual: tf.greaterEqual(x, y),
            where: tf.where(tf.less(x, y), tf.mul(x, tf.onesLike(y)), tf.mul(y, tf.onesLike(x))),
          }),
          [a, b],
        );
      }),
      few,
    );
  });

  it('agrees on integers and booleans', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, fc.nat(40), async (shape, seed, pattern) => {
        const small = broadcastable(shape, pattern);
        await expectAgreement(
          (x: Tensor, y: Tensor, p: Tensor, q: Tensor) => ({
            add: tf.add(x, y),
            sub: tf.sub(x, y),
            mul: tf.mul(x, y),
            floorDiv: tf.floorDiv(x, tf.add(tf.abs(y), 1)),
            mod: tf.mod(x, tf.add(tf.abs(y), 1)),
            maximum: tf.maximum(x, y),
            minimum: tf.minimum(x, y),
            negative: tf.neg(x),
            absolute: tf.abs(x),
            equal: tf.equal(x, y),
            less: tf.less(x, y),
            greaterEqual: tf.greaterEqual(x, y),
            boolEqual: tf.equal(p, q),
            and: tf.logicalAnd(p, q),
            or: tf.logicalOr(p, q),
            xor: tf.logicalXor(p, q),
            not: tf.logicalNot(p),
            chosen: tf.where(p, x, tf.zerosLike(x)),
            chosenBool: tf.where(p, tf.greater(x, 0), tf.less(x, -1)),
            toFloat: tf.cast(x, 'float32'),
            toBool: tf.cast(x, 'bool'),
            boolToFloat: tf.cast(p, 'float32'),
            boolToInt: tf.cast(p, 'int32'),
            floatToInt: tf.cast(tf.mul(tf.cast(x, 'float32'), 0.7), 'int32'),
            mixed: tf.mul(x, 0.5),
            boolArithmetic: tf.add(p, tf.cast(q, 'float32')),
          }),
          [
            randomIntegers(shape, seed),
            randomIntegers(small, seed + 1),
            randomBooleans(shape, seed),
            randomBooleans(small, seed + 2),
          ],
        );
      }),
      few,
    );
  });
});
