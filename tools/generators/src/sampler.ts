import type { Tree } from '@nx/devkit';
import { addModuleStatement, addProperty, exportsOf, keysOf } from './edit-source';
import { namesOf } from './names';
import { editFile, finish, refuseTemplateWords, sourceOf, writeTemplates } from './tree-edits';

/** Options of {@link samplerGenerator}. */
export interface SamplerGeneratorOptions {
  /** Kebab-case. */
  readonly name: string;
}

const index = 'packages/sampling/src/index.ts';
const registry = 'packages/sampling/src/registry.ts';

/**
 * `nx g @onestep/workspace:sampler NAME`: Euler's method as a sampler of its own, registered, with tests, bench, docs page
 * and changeset, to be changed into the new one.
 *
 * @throws Error if the name is no kebab-case, or taken; nothing is written then
 */
export async function samplerGenerator(tree: Tree, options: SamplerGeneratorOptions): Promise<void> {
  const names = namesOf('sampler', options.name);
  const { name, camel } = names;
  if (keysOf(sourceOf(tree, registry), 'samplers').includes(name) || exportsOf(sourceOf(tree, index)).has(camel)) {
    throw new Error(`sampler: "${name}" is taken: @onestep/sampling exports ${camel} already. Choose another name.`);
  }
  refuseTemplateWords('sampler', 'sampler', names);
  writeTemplates(tree, 'sampler', { ...names });
  editFile(tree, index, (source) =>
    addModuleStatement(source, `export { ${camel} } from './samplers/${name}';`, './samplers/'),
  );
  editFile(
    tree,
    registry,
    (source) => addModuleStatement(source, `import { ${camel} } from './samplers/${name}';`, './samplers/'),
    (source) => addProperty(source, 'samplers', name, name === camel ? camel : `'${name}': ${camel}`),
  );
  await finish(tree);
}
