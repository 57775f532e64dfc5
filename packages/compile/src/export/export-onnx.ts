import type { Tensor } from '@onestep/tensor';
import type { DType } from '../graph/node';
import { lowerToModel } from '../lower/lower';
import { encodeModel, type OnnxModel } from '../onnx/model';
import { convolutionCosts } from '../passes/convolutions/costs';
import { optimize } from '../passes/optimize';
import { takeApart, type Layout } from '../trace/records';
import { describeInputs, trace, type TraceInput } from '../trace/trace';
import { joinBatches } from './symbolic-batch';

/** Options of {@link exportOnnx}. */
export interface ExportOptions {
  /** Positions of arguments whose tensors are stored in the model: the weights. */
  readonly constants?: readonly number[];
  /** Names of the model's inputs, one per tensor of the other arguments in reading order; default `i0, i1, ...`. */
  readonly inputNames?: readonly string[];
  /** Names of the model's outputs; default `o0, o1, ...`. */
  readonly outputNames?: readonly string[];
  /** Key-value pairs stored in the model. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Whether the first axis of every input of rank 1 and more is a batch of any size; default true. */
  readonly symbolicBatch?: boolean;
}

/**
 * Two batch sizes that no other extent of a network is likely to equal or to be a multiple of, large enough for a
 * constant of one number per image to be expanded at run time.
 */
const batches = [2003, 2011] as const;

/**
 * Writes a pure function of tensors as an ONNX model: opset 18, IR version 8, standard operators only.
 *
 * @param fn - see `compile`
 * @param exampleInputs - its arguments; of those not among `constants` only shapes and dtypes matter
 * @param options - see {@link ExportOptions}
 * @returns the bytes of the model file
 * @throws OnestepError (`unsupported`) if `fn` cannot be traced, or depends on the batch size in more than shapes
 * @remarks Waits for the data of the constants; needs no inference runtime.
 */
export async function exportOnnx<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  exampleInputs: Args,
  options: ExportOptions = {},
): Promise<Uint8Array> {
  const { constants = [], symbolicBatch = true, inputNames, outputNames, metadata } = options;
  const parts = exampleInputs.map((arg) => takeApart(arg));
  const layout: Layout = { kind: 'list', items: parts.map((part) => part.layout) };
  const inputs = await Promise.all(
    parts.flatMap(({ tensors }, position) => tensors.map((tensor) => described(tensor, constants.includes(position)))),
  );
  const modelFor = (batch: number | undefined): OnnxModel => {
    const { graph } = trace((args) => fn(...(args as Args)), layout, inputs.map((input) => batched(input, batch))); // prettier-ignore
    return lowerToModel(optimize(graph, convolutionCosts('cuda')), {
      portable: true,
      ...(inputNames === undefined ? {} : { inputNames }),
      ...(outputNames === undefined ? {} : { outputNames }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  };
  if (!symbolicBatch) return encodeModel(modelFor(undefined));
  return encodeModel(joinBatches([modelFor(batches[0]), modelFor(batches[1])], batches));
}

async function described(tensor: Tensor, stored: boolean): Promise<TraceInput> {
  const [description] = describeInputs([tensor]);
  return stored ? { ...description, data: await tensor.data<DType>() } : description;
}

/** An input for a batch of another size; scalars and stored tensors have none. */
function batched(input: TraceInput, batch: number | undefined): TraceInput {
  if (batch === undefined || input.data !== undefined || input.shape.length === 0) return input;
  return { ...input, shape: [batch, ...input.shape.slice(1)] };
}
