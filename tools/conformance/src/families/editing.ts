import { karrasSigmas, perImage, tensorSpace, type Denoiser } from '@onestep/core';
import {
  colorizeConstraint,
  edit,
  fromDenoiser,
  inpaintConstraint,
  multistep,
  reduceImages,
  superResolveConstraint,
  type Constraint,
} from '@onestep/sampling';
import { hostTensor, tf, toHost, toTensor, type HostTensor, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { GoldenCase } from '../case';
import { compareAll, tolerances, type Comparison } from '../compare';
import { eachEntry, type Family } from '../family';
import { MalformedCase, type Entry } from '../golden-json';
import { downloadChannelsFirst, uploadChannelsLast } from './channels';

type Tensors = Readonly<Record<string, HostTensor>>;
type MakeConstraint = (
  images: Tensor,
  file: Entry,
  tensors: Tensors,
) => Constraint<Tensor> | Promise<Constraint<Tensor>>;

/** Zero-shot editing over an elementwise consistency function (`editing.json`). */
export const editing: Family = {
  name: 'editing',
  recognises: (content) => content.has('superres_patch', 'ts'),
  cases: (file) => {
    const companion = `${file.stem}.safetensors`;
    file.hasCompanion(companion);
    return eachEntry(file, 'cases', (entry, prefix) => {
      const task = entry.text('name');
      const name = `${prefix}/${task}`;
      if (!Object.hasOwn(constraints, task)) return { name, problem: `unknown task "${task}"` };
      return { name, run: () => runEdit(file.content, task, file.companion(companion)) } satisfies GoldenCase;
    });
  },
};

/** What each task knows, by the reference's names. */
const constraints: Readonly<Record<string, MakeConstraint>> = {
  colorization: (images) => colorizeConstraint(images),
  async superres(images, file) {
    const factor = file.number('superres_patch');
    const low = toTensor(await reduceImages(await toHost(images), factor));
    const constraint = superResolveConstraint(low, { factor });
    low.dispose();
    return constraint;
  },
  inpainting(images, _, tensors) {
    const { shape, data } = tensors['inpainting.mask'];
    // The reference's mask is 1 where a pixel is known, and it fills holes with -1.
    const mask = uploadChannelsLast(
      hostTensor(
        Float32Array.from(data, (value) => 1 - value),
        shape,
      ),
    );
    const constraint = inpaintConstraint(images, mask, { fill: -1 });
    mask.dispose();
    return constraint;
  },
};

/** D(x, s) = 0.25 x / (s^2 + 0.25) + 0.5 tanh(x / (1 + s)), the stand-in that the file describes. */
const standIn: Denoiser = (x, sigma) =>
  tf.tidy(() => {
    const share = tf.div<Tensor1D>(0.25, tf.add<Tensor1D>(tf.square(sigma), 0.25));
    const bent = tf.tanh(tf.div(x, perImage(tf.add(sigma, 1), x)));
    return tf.add(tf.mul(x, perImage(share, x)), tf.mul(bent, 0.5));
  });

async function runEdit(file: Entry, task: string, tensors: Tensors): Promise<Comparison> {
  const images = uploadChannelsLast(tensors[`${task}.images`]);
  const start = uploadChannelsLast(tensors[`${task}.x_T`]);
  const constraint = await constraints[task](images, file, tensors);
  try {
    const out = await edit(fromDenoiser(standIn), start, {
      space: tensorSpace,
      sampler: multistep,
      sigmas: levelsOf(file),
      samplerOptions: { sigmaMin: file.number('t_min') },
      clip: [-1, 1],
      merge: constraint.merge,
      noise: (k) => uploadChannelsLast(drawOf(tensors[`${task}.noise`], k)),
    });
    return compareAll(
      {
        out: [await downloadChannelsFirst(out), tensors[`${task}.out`].data],
        conditioning: [await downloadChannelsFirst(tf.clone(constraint.known)), tensors[`${task}.conditioning`].data],
      },
      tolerances.scheduleFloat32,
    );
  } finally {
    constraint.dispose();
    tf.dispose([images, start]);
  }
}

/** The levels where the function is evaluated; the last index is only where the reference adds no more noise. */
function levelsOf(file: Entry): number[] {
  const grid = karrasSigmas(file.number('steps'), {
    sigmaMin: file.number('t_min'),
    sigmaMax: file.number('t_max'),
    rho: file.number('rho'),
  });
  const indices = file.numbers('ts');
  if (indices.at(-1) !== grid.length - 1) throw new MalformedCase('"ts" should end with the last of the steps');
  return indices.slice(0, -1).map((index) => grid[index]);
}

/** Draw `k` of `[steps, B, C, H, W]`. */
function drawOf({ shape, data }: HostTensor, k: number): HostTensor {
  const size = data.length / shape[0];
  return hostTensor(Float32Array.from(data.subarray(k * size, (k + 1) * size)), shape.slice(1));
}
