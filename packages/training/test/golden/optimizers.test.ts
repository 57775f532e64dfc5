import { goldenFolder, readGoldenJson } from '../../../../tools/workspace/golden';
import { beforeAll, describe, expect, it } from 'vitest';
import { mapParams, tf, toTensor, useBackend, type Params } from '@onestep/tensor';
import {
  adam,
  adamw,
  emaDecay,
  radam,
  radamRectification,
  updateEma,
  type Optimizer,
  type OptimizerState,
} from '@onestep/training';
import { goldenTensor, type GoldenTensor } from '../tiny-network';

interface Case {
  readonly optimizer: string;
  readonly gradients: 'given' | 'quadratic';
  readonly lr: number;
  readonly betas: [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly amsgrad?: boolean;
  readonly degenerated_to_sgd?: boolean;
  readonly trace_f64: GoldenTensor;
}
interface File {
  readonly p0: GoldenTensor;
  readonly gradients: GoldenTensor;
  readonly A: GoldenTensor;
  readonly b: GoldenTensor;
  readonly cases: readonly Case[];
  readonly radam_rectification: readonly {
    readonly beta2: number;
    readonly rho_t: number[];
    readonly rect: number[];
  }[];
}
interface EmaFile {
  readonly start: GoldenTensor;
  readonly source_sequence: GoldenTensor;
  readonly cases: readonly { readonly rate: number; readonly trace: GoldenTensor }[];
  readonly edm_halflife_beta: readonly {
    readonly ema_halflife_kimg: number;
    readonly ema_rampup_ratio: number | null;
    readonly batch_size: number;
    readonly cur_nimg: number[];
    readonly beta: number[];
  }[];
}

/** Golden README: 1e-5 (1 + max|b|) over the whole trace in float32. */
const tolerance = 1e-5;

function optimizerOf(c: Case): Optimizer {
  const options = { betas: c.betas, epsilon: c.eps, weightDecay: c.weight_decay };
  if (c.optimizer === 'Adam') return adam({ ...options, amsgrad: c.amsgrad });
  if (c.optimizer === 'AdamW') return adamw({ ...options, amsgrad: c.amsgrad });
  if (c.optimizer === 'RAdam') return radam(options);
  return radam({ ...options, form: 'original', momentumFallback: c.degenerated_to_sgd });
}

function trace(file: File, c: Case): number[] {
  const optimizer = optimizerOf(c);
  const [rows, width] = file.gradients.shape;
  const values: number[] = [];
  tf.tidy(() => {
    let params: Params = { p: goldenTensor(file.p0) };
    let state: OptimizerState = mapParams(optimizer.init(params), (group) => mapParams(group, toTensor));
    for (let k = 0; k < rows; k += 1) {
      const stored = tf.tensor1d(file.gradients.data.slice(k * width, (k + 1) * width));
      const quadratic = () => {
        const product = tf.reshape(tf.matMul(goldenTensor(file.A) as never, tf.reshape(params.p, [width, 1])), [width]);
        return tf.add(tf.sub(product, goldenTensor(file.b)), tf.mul(stored, 0.1));
      };
      const grads = { p: c.gradients === 'given' ? stored : quadratic() };
      const scalars = mapParams(optimizer.scalars(k, c.lr), (value) => tf.scalar(value));
      const next = optimizer.update(params, grads, state, scalars);
      params = next.params;
      state = next.state;
      values.push(...params.p.dataSync());
    }
  });
  return values;
}

function worst(got: readonly number[], expected: readonly number[]): number {
  const scale = 1 + Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(got[i] - value))) / scale;
}

describe.runIf(goldenFolder() !== undefined)('golden optimizers', () => {
  beforeAll(() => useBackend('cpu'));

  it('follows the traces of every reference optimizer', () => {
    const file = readGoldenJson<File>('optim/optimizers.json');
    expect(file.cases.length).toBeGreaterThan(50);
    for (const c of file.cases) {
      const { trace_f64: expected, ...name } = c;
      expect(worst(trace(file, c), expected.data), JSON.stringify(name)).toBeLessThan(tolerance);
    }
  });

  it('computes the rectification of RAdam', () => {
    for (const { beta2, rho_t, rect } of readGoldenJson<File>('optim/optimizers.json').radam_rectification) {
      rho_t.forEach((rho, step) => {
        const got = radamRectification(step, beta2);
        expect(Math.abs(got.rho - rho)).toBeLessThan(1e-9);
        expect(Math.abs(got.rectification - rect[step])).toBeLessThan(1e-11);
      });
    }
  });

  it('averages weights at every rate', () => {
    const file = readGoldenJson<EmaFile>('optim/ema.json');
    const [rows, width] = file.source_sequence.shape;
    for (const { rate, trace: expected } of file.cases) {
      const values: number[] = [];
      tf.tidy(() => {
        let ema: Params = { p: goldenTensor(file.start) };
        for (let k = 0; k < rows; k += 1) {
          const source = { p: tf.tensor1d(file.source_sequence.data.slice(k * width, (k + 1) * width)) };
          ema = updateEma(ema, source, tf.scalar(1 - rate));
          values.push(...ema.p.dataSync());
        }
      });
      expect(worst(values, expected.data), `rate ${rate}`).toBeLessThan(tolerance);
    }
  });

  it('computes the decay of half-lives with and without ramp', () => {
    for (const c of readGoldenJson<EmaFile>('optim/ema.json').edm_halflife_beta) {
      c.cur_nimg.forEach((imagesSeen, i) => {
        const rule = { halfLifeImages: 1000 * c.ema_halflife_kimg, rampUp: c.ema_rampup_ratio };
        expect(Math.abs(emaDecay(rule, { imagesSeen, batchSize: c.batch_size }) - c.beta[i])).toBeLessThan(1e-12);
      });
    }
  });
});
