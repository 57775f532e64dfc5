import type { Tree } from '@nx/devkit';
import { addAfterVariable, addElement, addModuleStatement, addProperty, exportsOf, keysOf } from './edit-source';
import { namesOf } from './names';
import { editFile, finish, refuseTemplateWords, sourceOf, writeTemplates } from './tree-edits';

/** Options of {@link datasetGenerator}. */
export interface DatasetGeneratorOptions {
  /** Kebab-case. */
  readonly name: string;
  /** Height and width of an image, integer in [1, 4096]; default 32. */
  readonly side?: number;
  /** Default 3. */
  readonly channels?: 1 | 3;
  /** Integer in [1, 256]; default 10. */
  readonly classes?: number;
}

const index = 'packages/data/src/index.ts';
const named = 'packages/data/src/node/named-datasets.ts';
const open = 'packages/data/src/node/open-dataset.ts';

/**
 * `nx g @onestep/workspace:dataset NAME`: a named dataset in files of fixed records, with tests, bench, docs page and changeset,
 * to be changed into the new one.
 *
 * @throws Error if the name is no kebab-case, or taken, or a number is out of range; nothing is written then
 */
export async function datasetGenerator(tree: Tree, options: DatasetGeneratorOptions): Promise<void> {
  const { side = 32, channels = 3, classes = 10 } = options;
  const names = namesOf('dataset', options.name);
  const { name, camel, pascal } = names;
  for (const [what, value, most] of [
    ['side', side, 4096],
    ['channels', channels, 3],
    ['classes', classes, 256],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > most || (what === 'channels' && (value as number) === 2)) {
      const range = what === 'channels' ? '1 or 3' : `an integer in [1, ${most}]`;
      throw new Error(`dataset: ${what} must be ${range}, got ${String(value)}.`);
    }
  }
  if (
    keysOf(sourceOf(tree, named), 'advice').includes(name) ||
    exportsOf(sourceOf(tree, index)).has(`${camel}Dataset`)
  ) {
    throw new Error(`dataset: "${name}" is taken: @onestep/data knows it already. Choose another name.`);
  }
  refuseTemplateWords('dataset', 'dataset', names);
  writeTemplates(tree, 'dataset', { ...names, side, channels, classes });
  editFile(tree, index, (source) =>
    addModuleStatement(source, `export { ${camel}Dataset, ${camel}Shape } from './sources/${name}';`, './sources/'),
  );
  const key = name === camel ? name : `'${name}'`;
  editFile(
    tree,
    named,
    (source) => addElement(source, 'datasetNames', `'${name}'`),
    (source) =>
      addProperty(source, 'advice', name, `${key}: 'Put train.bin and test.bin into $ONESTEP_DATA_DIR/${name}'`),
  );
  editFile(
    tree,
    open,
    (source) => addModuleStatement(source, `import { open${pascal} } from './${name}-files';`, './'),
    (source) =>
      addAfterVariable(
        source,
        'path',
        `if (name === '${name}') return open${pascal}(path, { split, imageSize, channels });`,
        'openDataset',
      ),
  );
  await finish(tree);
}
