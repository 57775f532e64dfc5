import type { Tree } from '@nx/devkit';
import {
  addBeforeVariable,
  addCase,
  addElement,
  addModuleStatement,
  addProperty,
  addReturnedElement,
  addReturnedProperty,
  addTableRow,
  exportsOf,
  keysOf,
} from './edit-source';
import { namesOf, type Names } from './names';
import { editFile, finish, refuseTemplateWords, sourceOf, writeTemplates } from './tree-edits';

/** Options of {@link objectiveGenerator}. */
export interface ObjectiveGeneratorOptions {
  /** Kebab-case. */
  readonly name: string;
}

const source = 'packages/training/src';
const index = `${source}/index.ts`;
const schemas = `${source}/recipes/objective-schemas.ts`;

/**
 * `nx g @onestep/workspace:objective NAME`: consistency training on pairs of levels at a fixed ratio as a method of its own,
 * with recipes, tests, bench, docs page and changeset, to be changed into the new one.
 *
 * @throws Error if the name is no kebab-case, or taken; nothing is written then
 */
export async function objectiveGenerator(tree: Tree, options: ObjectiveGeneratorOptions): Promise<void> {
  const names = namesOf('objective', options.name);
  const { name, camel, pascal } = names;
  const taken =
    keysOf(sourceOf(tree, schemas), 'objectiveSchemas').includes(name) ||
    exportsOf(sourceOf(tree, index)).has(`${camel}Objective`);
  if (taken) throw new Error(`objective: "${name}" is taken: there is a method of that name. Choose another name.`);
  refuseTemplateWords('objective', 'objective', names);
  writeTemplates(tree, 'objective', { ...names });
  const key = name === camel ? name : `'${name}'`;
  editFile(tree, index, (file) =>
    addModuleStatement(
      file,
      `export { ${camel}Objective, type ${pascal}ObjectiveOptions } from './objectives/${name}';`,
      './objectives/',
    ),
  );
  editFile(
    tree,
    schemas,
    (file) => addBeforeVariable(file, 'objectiveSchemas', schemaOf(names)),
    (file) => addProperty(file, 'objectiveSchemas', name, `${key}: ${camel}OptionsSchema`),
  );
  const member = name === camel ? `.${name}` : `['${name}']`;
  editFile(
    tree,
    `${source}/recipes/schema.ts`,
    (file) =>
      addProperty(file, 'recipeSchemas', name, `${key}: forMethod('${name}', objectiveSchemas${member}.prefault({}))`),
    (file) => addElement(file, 'recipeSchema', `recipeSchemas${member}`),
  );
  editFile(
    tree,
    `${source}/objectives/from-recipe.ts`,
    (file) => addModuleStatement(file, `import { ${camel}Objective } from './${name}';`, './'),
    (file) =>
      addCase(
        file,
        'objectiveFromRecipe',
        `case '${name}':\nreturn ${camel}Objective({ ...shared, ...recipe.objective });`,
      ),
    (file) => addProperty(file, 'ownPreconditioning', name, `${key}: 'consistency'`),
  );
  editRecipes(tree, name);
  editFile(tree, 'packages/training/test/trainer/resume.test.ts', (file) =>
    addElement(file, 'variants', `['${name}', '${name}', {}]`),
  );
  editFile(tree, 'docs/methods.md', (file) =>
    addTableRow(
      file,
      '## The methods',
      `| \`${name}\` | random weights | data | consistency functions | one step or several |`,
    ),
  );
  await finish(tree);
}

/** Recipes on both mixtures, on digits and on CIFAR-10: the tests want every method to have them. */
function editRecipes(tree: Tree, name: string): void {
  const presets = `${source}/recipes/presets`;
  editFile(tree, `${presets}/mixtures.ts`, (file) =>
    addReturnedProperty(
      file,
      'recipes',
      `[\`\${spec}-${name}\`]: preset({ method: '${name}', objective: { huberC: 0.5 }, optimizer: { learningRate: 1e-3 }, steps: 3000 })`,
    ),
  );
  editFile(tree, `${presets}/small-images.ts`, (file) =>
    addReturnedElement(
      file,
      'recipes',
      `preset('${name}', { method: '${name}', optimizer: { name: 'radam', learningRate: 4e-4 }, steps: 2 * steps })`,
    ),
  );
}

function schemaOf({ name, camel }: Names): string {
  return `/** Options of the \`${name}\` method: consistency training on pairs of levels at a fixed ratio. */
export const ${camel}OptionsSchema = z.strictObject({
  pMean: z.number().default(-1.1),
  pStd: z.number().positive().default(2),
  gap: z.number().gt(0).lt(1).default(0.1),
  huberC: z.number().min(0).default(0.03),
});`;
}
