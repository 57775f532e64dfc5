import { basename, dirname, extname, join } from 'node:path';
import type { SampleShard } from './sample-job';

/** How samples are kept: a folder of PNG files, a zip of them, or one array of values. */
export type SampleLayout = 'folder' | 'zip' | 'npz';

/** Files of one stream, or of one shard of it. */
export interface SamplePlaces {
  readonly layout: SampleLayout;
  /** The folder or the finished archive. */
  readonly data: string;
  /** The archive while it grows; of a folder the folder itself. */
  readonly part: string;
  /** One line for each stored sample; gone once a whole stream is finished. */
  readonly journal: string;
  /** The index; there only when everything is. */
  readonly index: string;
}

/** Where samples go for a path: `.zip` and `.npz` by their endings, anything else is a folder. */
export function sampleLayout(path: string): SampleLayout {
  const extension = extname(path).toLowerCase();
  return extension === '.zip' ? 'zip' : extension === '.npz' ? 'npz' : 'folder';
}

/** Names the files of a stream; shards of a folder share it, shards of an archive are archives of their own. */
export function samplePlaces(path: string, shard?: Pick<SampleShard, 'index' | 'total'>): SamplePlaces {
  const layout = sampleLayout(path);
  const suffix = shard === undefined ? '' : `.shard-${shard.index}-of-${shard.total}`;
  if (layout === 'folder') {
    return {
      layout,
      data: path,
      part: path,
      journal: join(path, `.journal${suffix}`),
      index: join(path, `index${suffix}.json`),
    };
  }
  const extension = extname(path);
  const data = join(dirname(path), `${basename(path, extension)}${suffix}${extension}`);
  return { layout, data, part: `${data}.part`, journal: `${data}.journal`, index: `${data}.json` };
}

/** Reads the shard out of the name of an index beside (or in) `path`; undefined for any other file. */
export function shardOfIndexName(path: string, name: string): { index: number; total: number } | undefined {
  const match = /\.shard-(\d+)-of-(\d+)/.exec(name);
  if (match === null) return undefined;
  const shard = { index: Number(match[1]), total: Number(match[2]) };
  return basename(samplePlaces(path, shard).index) === name ? shard : undefined;
}
