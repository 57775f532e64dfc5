import {
  collectFeatures,
  decodeMoments,
  isMomentMetric,
  lenetDatasets,
  metricOutputs,
  type CollectOptions,
  type EvaluationMetric,
  type EvaluationReference,
  type LenetModel,
} from '@onestep/metrics';
import { openNpz } from '@onestep/data/node';
import { readSafetensors } from '@onestep/tensor';
import { readFile, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { basename, extname } from 'node:path';
import { cannotOpen, UsageError } from '../../errors';
import { isDatasetSpec } from '../batches';
import type { OpenNetwork } from './feature-network';
import { openImageSet, parsePlace } from './image-set';

/** How a reference is opened. */
export interface ReferenceOptions {
  readonly opened: OpenNetwork;
  readonly metrics: readonly EvaluationMetric[];
  readonly imageSize?: number | undefined;
  /** Settings of the features, as for the images. */
  readonly collect: Pick<CollectOptions, 'batchSize' | 'seed' | 'maxRows' | 'compile'>;
  readonly onProgress: (done: number, total: number) => void;
}

/** Largest statistics file that is read: 8192 features take 1 GB. */
const maxStatisticsBytes = 2 ** 31 - 1;

/**
 * Real images to compare with: a statistics file, shipped statistics where they are enough, or images.
 *
 * @param spec - what `--against` named; default the data of FD-LeNet
 * @throws UsageError if there is nothing to compare with, or single images are needed and statistics were given
 */
export async function openReference(
  spec: string | undefined,
  options: ReferenceOptions,
): Promise<EvaluationReference | undefined> {
  const { opened, metrics } = options;
  const comparing = metrics.filter((metric) => metric !== 'is' && metric !== 'diversity');
  if (comparing.length === 0) return undefined;
  const named = spec ?? opened.lenet?.dataset;
  if (named === undefined) {
    throw new UsageError(`--against: name the real images to compare with (${comparing.join(', ')} need them).`);
  }
  const place = await parsePlace(named);
  const extension = isDatasetSpec(place.path) ? '' : extname(place.path).toLowerCase();
  const stored =
    extension === '.safetensors'
      ? await momentsFile(place.path, opened)
      : extension === '.npz'
        ? await npzMoments(place.path)
        : undefined;
  if (stored !== undefined) return statisticsAlone(stored, comparing, place.path);
  const shipped = shippedMoments(opened.lenet, place.path, place.split ?? 'train');
  const needed = shipped === undefined ? comparing : comparing.filter((metric) => !isMomentMetric(metric));
  if (needed.length === 0) return shipped;
  const set = await openImageSet(place, { imageSize: options.imageSize, fallback: 'train' });
  try {
    const features = await collectFeatures(set.batches(0, set.count), {
      ...options.collect,
      network: opened.network,
      metrics: needed,
      side: 'reference',
      onProgress: (done) => options.onProgress(done, set.count),
    });
    return { id: set.id, features, ...pick(shipped) };
  } finally {
    set.close();
  }
}

const pick = (shipped: EvaluationReference | undefined): Pick<EvaluationReference, 'moments' | 'floor'> =>
  shipped === undefined ? {} : { moments: shipped.moments, floor: shipped.floor };

/** The statistics that come with FD-LeNet; the other split tells the floor. */
function shippedMoments(
  lenet: LenetModel | undefined,
  spec: string,
  split: 'train' | 'test',
): EvaluationReference | undefined {
  if (lenet === undefined || !(lenetDatasets as readonly string[]).includes(spec) || spec !== lenet.dataset)
    return undefined;
  const real = lenet.reference[split];
  const other = lenet.reference[split === 'train' ? 'test' : 'train'];
  return {
    id: real.about.id,
    moments: { pool: { moments: real.statistics, samples: real.statistics.count } },
    floor: { id: other.about.id, moments: { pool: other.statistics } },
  };
}

/** Statistics that `--save-statistics` wrote. */
async function momentsFile(path: string, { network }: OpenNetwork): Promise<EvaluationReference> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  if (size > maxStatisticsBytes) throw new UsageError(`${path} has ${size} bytes, too many for statistics.`);
  const bytes = new Uint8Array(await readFile(path));
  if (readSafetensors(bytes).metadata.format !== 'onestep-moments-1') {
    throw new UsageError(
      `--against: ${path} holds no statistics. Name a dataset, a folder, an .npz or a file that --save-statistics wrote.`,
    );
  }
  const { statistics, about } = decodeMoments(bytes);
  if (about.weights !== network.sha256) {
    throw new UsageError(
      `--against: ${path} was made with the weights ${about.weights?.slice(0, 8) ?? 'unknown'} (${about.network ?? 'unknown network'}), ` +
        `${network.name} has ${network.sha256.slice(0, 8)}.`,
    );
  }
  if (about.preprocessing !== undefined && about.preprocessing !== network.preprocessing) {
    throw new UsageError(
      `--against: the images of ${path} were prepared as "${about.preprocessing}", these would be as "${network.preprocessing}". Choose the same --input-rule.`,
    );
  }
  return {
    id: about.id ?? basename(path),
    moments: { pool: { moments: statistics, samples: statistics.count } },
  };
}

/** Statistics of pytorch-fid: `mu` and `sigma`; undefined for an archive of images. */
async function npzMoments(path: string): Promise<EvaluationReference | undefined> {
  await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  const file = await openNpz(path);
  try {
    const names = file.arrays.map(({ name }) => name);
    if (!names.includes('mu') && !names.includes('sigma')) return undefined;
    const [mean, covariance] = [await file.numbers('mu'), await file.numbers('sigma')];
    const width = mean.data.length;
    if (mean.shape.length !== 1 || covariance.shape.join() !== `${width},${width}`) {
      throw new UsageError(
        `--against: ${path} has mu [${mean.shape.join(', ')}] and sigma [${covariance.shape.join(', ')}], expected [d] and [d, d].`,
      );
    }
    const sum = createHash('sha256').update(new Uint8Array(mean.data.buffer)).digest('hex').slice(0, 8);
    return {
      id: `statistics/${basename(path, '.npz')}/${sum}`,
      moments: { pool: { moments: { mean: mean.data, covariance: covariance.data } } },
      flags: ['the statistics do not say which network, input rule or number of images they are of'],
    };
  } finally {
    file.close();
  }
}

function statisticsAlone(
  reference: EvaluationReference,
  metrics: readonly EvaluationMetric[],
  path: string,
): EvaluationReference {
  const single = metrics.filter((metric) => !isMomentMetric(metric));
  if (single.length > 0) {
    throw new UsageError(
      `--metrics: ${single.join(', ')} compare single images, and ${path} holds statistics of them. Name the images instead.`,
    );
  }
  const outputs = metricOutputs(metrics).filter((output) => output !== 'pool');
  if (outputs.length > 0) {
    throw new UsageError(`--metrics: ${path} holds statistics of the pooled features alone; sfd needs the images.`);
  }
  return reference;
}
