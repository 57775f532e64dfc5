import { sampleName, type SampleItem } from './sample-item';

/** The text of an EDM-style `dataset.json`, piece by piece: names and classes, or null where there are none. */
export async function* labelManifest(
  items: AsyncIterable<SampleItem>,
  labelled: boolean,
): AsyncGenerator<string, void, undefined> {
  if (!labelled) {
    yield '{"labels": null}\n';
    return;
  }
  let before = '{"labels": [\n';
  for await (const { index, label } of items) {
    yield `${before}["${sampleName(index)}", ${label}]`;
    before = ',\n';
  }
  yield before === ',\n' ? '\n]}\n' : '{"labels": []}\n';
}
