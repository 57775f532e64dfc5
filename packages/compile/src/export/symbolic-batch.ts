import { OnestepError } from '@onestep/tensor';
import type { OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from '../onnx/model';

/** Name of the batch size in an exported model's shapes. */
const batchName = 'batch';

/**
 * Joins two models of one function, traced for two batch sizes, into one for any batch size. The two differ in the
 * integers of shapes alone, and each of those is `base + factor batch`: two samples give base and factor, and a few
 * operators at the front of the model compute them from the shape of an input.
 *
 * @param models - the models with the batch size of each
 * @throws OnestepError (`unsupported`) if they differ in anything else, for example in a mean over the batch
 */
export function joinBatches(
  [first, second]: readonly [OnnxModel, OnnxModel],
  [firstBatch, secondBatch]: readonly [number, number],
): OnnxModel {
  if (JSON.stringify(first.nodes) !== JSON.stringify(second.nodes)) throw notUniform();
  const batched = first.inputs.find(({ shape }) => shape[0] === firstBatch);
  if (batched === undefined) return first;

  const head: OnnxNode[] = [
    {
      opType: 'Shape',
      inputs: [batched.name],
      outputs: [batchName],
      attributes: { start: { int: 0 }, end: { int: 1 } },
    },
  ];
  const initializers: OnnxInitializer[] = [];
  first.initializers.forEach((initializer, i) => {
    const other = second.initializers[i];
    if (sameBytes(initializer.bytes, other.bytes)) {
      initializers.push(initializer);
      return;
    }
    if (initializer.type !== 'int64' || other.bytes.length !== initializer.bytes.length) throw notUniform();
    const { base, factor } = affine(integersOf(initializer), integersOf(other), firstBatch, secondBatch);
    const { name, shape } = initializer;
    initializers.push(vector(`${name}_base`, shape, base), vector(`${name}_factor`, shape, factor));
    head.push({ opType: 'Mul', inputs: [batchName, `${name}_factor`], outputs: [`${name}_scaled`], attributes: {} });
    head.push({ opType: 'Add', inputs: [`${name}_scaled`, `${name}_base`], outputs: [name], attributes: {} });
  });
  const symbolic = (values: readonly OnnxValue[]): OnnxValue[] =>
    values.map(({ shape, ...rest }) => ({
      ...rest,
      shape: shape.map((extent) => (extent === firstBatch ? batchName : extent)),
    }));
  return {
    ...first,
    nodes: [...head, ...first.nodes],
    initializers,
    inputs: symbolic(first.inputs),
    outputs: symbolic(first.outputs),
  };
}

function affine(
  first: bigint[],
  second: bigint[],
  firstBatch: number,
  secondBatch: number,
): { base: bigint[]; factor: bigint[] } {
  const step = BigInt(secondBatch - firstBatch);
  const factor = first.map((value, i) => {
    if ((second[i] - value) % step !== 0n) throw notUniform();
    return (second[i] - value) / step;
  });
  return { base: first.map((value, i) => value - factor[i] * BigInt(firstBatch)), factor };
}

function integersOf({ bytes }: OnnxInitializer): bigint[] {
  return Array.from(new BigInt64Array(bytes.slice().buffer));
}

function vector(name: string, shape: readonly number[], values: readonly bigint[]): OnnxInitializer {
  return { name, type: 'int64', shape, bytes: new Uint8Array(BigInt64Array.from(values).buffer) };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function notUniform(): OnestepError {
  return new OnestepError(
    'unsupported',
    'exportOnnx: the function depends on the batch size in more than shapes. Pass symbolicBatch: false.',
  );
}
