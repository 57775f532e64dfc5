import { perImage, tensorSpace, type Denoiser } from '@onestep/core';
import {
  colorizeConstraint,
  edit,
  fromDenoiser,
  greyWeights,
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
import { Entry, MalformedCase } from '../golden-json';
import { downloadChannelsFirst, uploadChannelsLast } from './channels';
import { levelsAtIndices } from './grid-indices';

type Tensors = Readonly<Record<string, HostTensor>>;
type MakeConstraint = (
  images: Tensor,
  settings: Entry,
  tensors: Tensors,
) => Constraint<Tensor> | Promise<Constraint<Tensor>>;

/** Zero-shot editing over an elementwise consistency function (`editing.json`). */
export const editing: Family = {
  name: 'editing',
  recognises: (content) => content.has('ts', 'steps', 't_min', 't_max', 'cases'),
  cases: (file) => {
    const companion = `${file.stem}.safetensors`;
    file.hasCompanion(companion);
    return eachEntry(file, 'cases', (entry, prefix) => {
      const key = entry.text('name');
      const name = `${prefix}/${key}`;
      // Further cases of a task have a name that goes on: colorization_long.
      const task = Object.keys(constraints).find((known) => key === known || key.startsWith(`${known}_`));
      if (task === undefined) return { name, problem: `unknown task "${key}"` };
      // What a case says of its run comes before what the file says of all.
      const settings = new Entry({ ...file.content.json, ...entry.json });
      return { name, run: () => runEdit(settings, task, file.companion(companion)) } satisfies GoldenCase;
    });
  },
};

/** What each task knows, by the reference's names. */
const constraints: Readonly<Record<string, MakeConstraint>> = {
  colorization(images, settings) {
    const weights = settings.has('gray_vector') ? settings.numbers('gray_vector') : greyWeights;
    if (weights.length !== 3 || !greyWeights.every((weight, i) => weight === weights[i])) {
      throw new MalformedCase(`"gray_vector" should be [${greyWeights.join(', ')}], the only grey of the library`);
    }
    return colorizeConstraint(images);
  },
  async superres(images, settings) {
    const factor = settings.number('superres_patch');
    const low = toTensor(await reduceImages(await toHost(images), factor));
    const constraint = superResolveConstraint(low, { factor });
    low.dispose();
    return constraint;
  },
  inpainting(images, settings, tensors) {
    const { shape, data } = tensors[`${settings.text('name')}.mask`] ?? tensors['inpainting.mask'];
    // The reference's mask is 1 where a pixel is known, and it fills holes with -1; one mask may serve a whole batch.
    const mask = uploadChannelsLast(
      hostTensor(
        Float32Array.from(data, (value) => 1 - value),
        shape.length === 3 ? [1, ...shape] : shape,
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

async function runEdit(settings: Entry, task: string, tensors: Tensors): Promise<Comparison> {
  const key = settings.text('name');
  const tensor = (name: string): HostTensor => {
    const found = tensors[`${key}.${name}`];
    if (found === undefined) throw new MalformedCase(`there is no tensor "${key}.${name}"`);
    return found;
  };
  const draw = (k: number): Tensor => uploadChannelsLast(drawOf(tensor('noise'), k));
  const sigmaMin = settings.number('t_min');
  const { levels, lastNoise } = levelsAtIndices(settings, {
    sigmaMin,
    sigmaMax: settings.number('t_max'),
    rho: settings.number('rho'),
  });
  const images = uploadChannelsLast(tensor('images'));
  const start = uploadChannelsLast(tensor('x_T'));
  const constraint = await constraints[task](images, settings, tensors);
  try {
    const edited = await edit(fromDenoiser(standIn), start, {
      space: tensorSpace,
      sampler: multistep,
      sigmas: levels,
      samplerOptions: { sigmaMin },
      clip: [-1, 1],
      merge: constraint.merge,
      noise: draw,
    });
    const noised = lastNoise === 0 ? tf.clone(edited) : withNoise(edited, draw(levels.length - 1), lastNoise);
    edited.dispose();
    return compareAll(
      {
        out: [await downloadChannelsFirst(noised), tensor('out').data],
        conditioning: [await downloadChannelsFirst(tf.clone(constraint.known)), tensor('conditioning').data],
      },
      tolerances.scheduleFloat32,
    );
  } finally {
    constraint.dispose();
    tf.dispose([images, start]);
  }
}

/** x + std z; frees z. */
function withNoise(x: Tensor, draw: Tensor, std: number): Tensor {
  const result = tf.tidy(() => tf.add(x, tf.mul(draw, std)));
  draw.dispose();
  return result;
}

/** Draw `k` of `[steps, B, C, H, W]`. */
function drawOf({ shape, data }: HostTensor, k: number): HostTensor {
  const size = data.length / shape[0];
  return hostTensor(Float32Array.from(data.subarray(k * size, (k + 1) * size)), shape.slice(1));
}
