import { compile, type ExecutorChoice } from '@onestep/compile';
import { fromBytes } from '@onestep/data';
import {
  frechetDistance,
  lenetClasses,
  lenetFeatures,
  lenetFeatureWidth,
  lenetLogits,
  MomentStatistics,
  type LenetModel,
} from '@onestep/metrics';
import { disposeParams, hostTensor, paramsFromHost, tf, toTensor, type Params, type Tensor4D } from '@onestep/tensor';

/** What the classifier sees in a set of images. */
export interface Judgement {
  /** Class of each image. */
  readonly classes: readonly number[];
  /** Of the features. */
  readonly statistics: MomentStatistics;
}

/** The classifier of FD-LeNet, compiled. */
export interface Judge {
  readonly weightsSha256: string;
  /** @param bytes - grey images, one after the other */
  look(bytes: Uint8Array): Promise<Judgement>;
  /** FD-LeNet against all training images. */
  toTraining(statistics: MomentStatistics): number;
  dispose(): Promise<void>;
}

const batchSize = 250;

/** Compiles the classifier for images `[H, W, 1]`. */
export async function openJudge(
  { weights, weightsSha256, reference }: LenetModel,
  { shape, executor }: { readonly shape: readonly number[]; readonly executor?: ExecutorChoice | undefined },
): Promise<Judge> {
  const params = paramsFromHost(weights);
  const size = shape.reduce((product, length) => product * length, 1);
  const example = toTensor(hostTensor(new Float32Array(batchSize * size), [batchSize, ...shape])) as Tensor4D;
  const graph = await compile(
    (w: Params, images: Tensor4D) => {
      const features = lenetFeatures(w, images);
      return { features, logits: lenetLogits(w, features) };
    },
    [params, example],
    { executor, constants: [0] },
  );
  example.dispose();
  return {
    weightsSha256,
    async look(bytes) {
      const statistics = new MomentStatistics(lenetFeatureWidth);
      const classes: number[] = [];
      const count = bytes.length / size;
      for (let first = 0; first < count; first += batchSize) {
        const rows = Math.min(batchSize, count - first);
        // The last batch is filled up, so that one graph serves all.
        const values = new Float32Array(batchSize * size);
        values.set(fromBytes(bytes.subarray(first * size, (first + rows) * size)));
        const images = toTensor(hostTensor(values, [batchSize, ...shape])) as Tensor4D;
        const { features, logits } = await graph(params, images);
        statistics.add((await features.data<'float32'>()).subarray(0, rows * lenetFeatureWidth));
        const scores = await logits.data<'float32'>();
        for (let i = 0; i < rows; i += 1) {
          const ofImage = scores.subarray(i * lenetClasses, (i + 1) * lenetClasses);
          classes.push(ofImage.indexOf(Math.max(...ofImage)));
        }
        tf.dispose([images, features, logits]);
      }
      return { classes, statistics };
    },
    toTraining: (statistics) => frechetDistance(statistics, reference.train.statistics),
    async dispose() {
      disposeParams(params);
      await graph.dispose();
    },
  };
}
