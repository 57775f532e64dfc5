import { createTree } from '@nx/devkit/testing';
import type { Tree } from '@nx/devkit';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { datasetGenerator } from '../src/dataset';
import { exportsOf, keysOf } from '../src/edit-source';
import { objectiveGenerator } from '../src/objective';
import { samplerGenerator } from '../src/sampler';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const generators = {
  sampler: {
    make: samplerGenerator,
    name: 'my-solver',
    edited: ['packages/sampling/src/index.ts', 'packages/sampling/src/registry.ts'],
    made: [
      '.changeset/sampler-my-solver.md',
      'docs/samplers/my-solver.md',
      'packages/sampling/bench/my-solver.bench.mjs',
      'packages/sampling/src/samplers/my-solver.ts',
      'packages/sampling/test/samplers/my-solver.test.ts',
    ],
    taken: 'heun',
    used: 'walk',
  },
  objective: {
    make: objectiveGenerator,
    name: 'my-method',
    edited: [
      'docs/methods.md',
      'packages/training/src/index.ts',
      'packages/training/src/objectives/from-recipe.ts',
      'packages/training/src/recipes/objective-schemas.ts',
      'packages/training/src/recipes/presets/mixtures.ts',
      'packages/training/src/recipes/presets/small-images.ts',
      'packages/training/src/recipes/schema.ts',
      'packages/training/test/trainer/resume.test.ts',
    ],
    made: [
      '.changeset/objective-my-method.md',
      'docs/objectives/my-method.md',
      'packages/training/bench/my-method.bench.mjs',
      'packages/training/src/objectives/my-method.ts',
      'packages/training/test/objectives/my-method.test.ts',
    ],
    taken: 'ect',
    used: 'batch',
  },
  dataset: {
    make: datasetGenerator,
    name: 'my-pictures',
    edited: [
      'packages/data/src/index.ts',
      'packages/data/src/node/named-datasets.ts',
      'packages/data/src/node/open-dataset.ts',
    ],
    made: [
      '.changeset/dataset-my-pictures.md',
      'docs/datasets/my-pictures.md',
      'packages/data/bench/my-pictures.bench.mjs',
      'packages/data/src/node/my-pictures-files.ts',
      'packages/data/src/sources/my-pictures.ts',
      'packages/data/test/node/my-pictures-files.test.ts',
      'packages/data/test/sources/my-pictures.test.ts',
    ],
    taken: 'cifar10',
    used: 'record',
  },
} as const;

/** An empty workspace with the files that a generator edits, as they are in this one. */
function treeWith(files: readonly string[]): Tree {
  const tree = createTree();
  for (const file of files) tree.write(file, readFileSync(`${root}${file}`, 'utf8'));
  // Where a new tree has its own.
  tree.write('.prettierrc', readFileSync(`${root}.prettierrc.json`, 'utf8'));
  return tree;
}

const contentOf = (tree: Tree): Record<string, string> =>
  Object.fromEntries(tree.listChanges().map(({ path, content }) => [path, content?.toString() ?? '']));

describe.each(Object.entries(generators))('the %s generator', (kind, { make, name, edited, made, taken, used }) => {
  it('makes its files and edits the registries, in the house format', async () => {
    const tree = treeWith(edited);
    const before = contentOf(tree);
    await make(tree, { name });
    const after = contentOf(tree);
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed.sort()).toEqual([...edited, ...made].sort());
    for (const path of changed) {
      const text = after[path];
      expect(text, path).not.toMatch(/<%|__name__|\bTODO\b|\bundefined-/);
      if (!path.endsWith('.ts')) continue;
      const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true, fileName: path });
      expect(diagnostics, path).toEqual([]);
      for (const line of text.split('\n')) expect(line.length, `${path}: ${line}`).toBeLessThanOrEqual(200);
    }
    // Nothing that stood there is gone.
    for (const path of edited) {
      const counts = new Map<string, number>();
      for (const [word] of after[path].matchAll(/[\w$]+/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
      for (const [word] of before[path].matchAll(/[\w$]+/g)) counts.set(word, (counts.get(word) ?? 0) - 1);
      expect(Math.min(...counts.values()), path).toBe(0);
    }
  });

  it('refuses to run twice, and leaves everything as it was', async () => {
    const tree = treeWith(edited);
    await make(tree, { name });
    const before = contentOf(tree);
    await expect(make(tree, { name })).rejects.toThrow(`${kind}: "${name}" is taken`);
    expect(contentOf(tree)).toEqual(before);
  });

  it.each([
    [taken, `"${taken}" is taken`],
    [used, `"${used}" is a name that the generated code uses`],
    ['class', '"class" is a word of the language'],
    ['MySolver', 'must be kebab-case'],
    ['../../x', 'must be kebab-case'],
  ])('refuses the name "%s"', async (wrong, message) => {
    const tree = treeWith(edited);
    const before = contentOf(tree);
    await expect(make(tree, { name: wrong })).rejects.toThrow(message);
    expect(contentOf(tree)).toEqual(before);
  });

  it('does not replace a file that is there', async () => {
    const tree = treeWith(edited);
    const inTheWay = made[made.length - 1];
    tree.write(inTheWay, 'mine');
    const before = contentOf(tree);
    await expect(make(tree, { name })).rejects.toThrow(`${kind}: ${inTheWay} exists already.`);
    expect(contentOf(tree)).toEqual(before);
  });

  it('says which file it cannot edit', async () => {
    const tree = treeWith(edited);
    const last = edited[edited.length - 1];
    tree.write(last, 'export {};\n');
    await expect(make(tree, { name })).rejects.toThrow(`${last}: `);
  });
});

describe('registries', () => {
  it('know the new sampler', async () => {
    const [index, registry] = generators.sampler.edited;
    const tree = treeWith([index, registry]);
    await samplerGenerator(tree, { name: 'my-solver' });
    const read = (file: string) => ({ file, text: tree.read(file, 'utf8') ?? '' });
    expect(keysOf(read(registry), 'samplers')).toContain('my-solver');
    expect(exportsOf(read(index)).has('mySolver')).toBe(true);
  });

  it.each([{ side: 0 }, { side: 2.5 }, { channels: 2 as never }, { classes: 257 }])(
    'stay as they are for a dataset with %o',
    async (options) => {
      const tree = treeWith(generators.dataset.edited);
      await expect(datasetGenerator(tree, { name: 'my-pictures', ...options })).rejects.toThrow(
        /^dataset: \w+ must be/,
      );
    },
  );
});
