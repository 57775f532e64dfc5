import { decodeFeatures, encodeReceipts, scoreFeatures, type FeatureSet } from '@onestep/metrics';
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { networkCompiler } from '../compose/evaluation/compiler';
import { openNetwork } from '../compose/evaluation/feature-network';
import { openReference } from '../compose/evaluation/reference';
import { parseRequest, requestText, type EvaluationRequest } from '../compose/evaluation/request';
import { writeTo } from '../compose/folders';
import { cannotOpen, UsageError } from '../errors';
import { formatDuration } from '../output/format';
import { createOutput } from '../output/output';
import { receiptLines } from '../output/receipt-lines';

interface MergeFlags extends EngineFlags {
  readonly against?: string;
  readonly weights?: string;
  readonly out?: string;
  readonly json: boolean;
}

/** `onestep eval merge PART...`: the score of the whole, with the bits it has without parts. */
export function addEvalMerge(evaluation: Command): void {
  evaluation
    .command('merge')
    .description('put the parts of a sharded evaluation together; the scores have the bits of an evaluation at once')
    .argument('<parts...>', 'files that --save-partial wrote, in any order')
    .option('--against <place>', 'where the real images are on this machine (default: as for the parts)')
    .option('--weights <file>', 'where the weights of inception-v3 are (default: as for the parts)')
    .option('--out <file>', 'write the receipts')
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print the result as JSON', false)
    .action(async (paths: string[], _: unknown, command: Command) => {
      // The parent has options of the same names, which take the flags.
      const flags = command.optsWithGlobals<MergeFlags>();
      const output = createOutput(flags);
      const started = performance.now();
      const { features, request } = await mergeParts(paths);
      const { metrics, seed, batchSize, imageSize, shape, generator, images, total } = request;
      const weights = flags.weights ?? request.weights;
      const { inputRule, repeatGrey } = request;
      const engine = await startEngine(flags, output);
      const opened = await openNetwork(request.network, { weights, inputRule, repeatGrey }, { shape, metrics });
      try {
        const { name, sha256 } = opened.network;
        if (sha256 !== features.plan.network.sha256) {
          throw new UsageError(
            `--weights: the parts were seen through ${features.plan.network.sha256.slice(0, 8)}, ${name} has ${sha256.slice(0, 8)} here.`,
          );
        }
        const reference = await openReference(flags.against ?? request.against, {
          opened,
          metrics,
          imageSize,
          collect: { batchSize, seed, compile: engine.compile ? await networkCompiler() : undefined },
          onProgress: (done, all) => output.progress({ phase: 'reference', done, total: all }),
        });
        const receipts = await scoreFeatures(features, reference, { metrics, seed, images, generator });
        if (flags.out !== undefined) await writeTo(flags.out, await encodeReceipts(receipts));
        const seconds = (performance.now() - started) / 1000;
        output.result({ receipts, file: flags.out, parts: paths.length, seconds }, [
          ...receiptLines(receipts),
          `${total} images of ${paths.length} parts in ${formatDuration(seconds)}`,
          ...(flags.out === undefined ? [] : [`Receipt written to ${flags.out}`]),
        ]);
      } finally {
        opened.dispose();
      }
    });
}

async function mergeParts(
  paths: readonly string[],
): Promise<{ readonly features: FeatureSet; readonly request: EvaluationRequest }> {
  let whole: { readonly features: FeatureSet; readonly request: EvaluationRequest } | undefined;
  for (const path of paths) {
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw cannotOpen(path, cause);
    });
    const { features, about } = decodeFeatures(new Uint8Array(bytes), path);
    const request = parseRequest(about.request, path);
    if (whole === undefined) {
      whole = { features, request };
      continue;
    }
    if (common(request) !== common(whole.request)) {
      throw new UsageError(`${path} is a part of another evaluation than ${paths[0]}: images or flags differ.`);
    }
    whole.features.merge(features);
  }
  if (whole === undefined) throw new UsageError('merge: name the parts.');
  const { features, request } = whole;
  if (features.count !== request.total) {
    throw new UsageError(
      `Parts are missing: there are ${features.count} of ${request.total} images, and ${request.shard.total} parts were made.`,
    );
  }
  return whole;
}

/** The request without what tells the parts apart. */
const common = (request: EvaluationRequest): string =>
  requestText({ ...request, shard: { index: 1, total: request.shard.total } });
