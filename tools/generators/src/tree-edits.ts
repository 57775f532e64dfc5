import { formatFiles, generateFiles, type Tree } from '@nx/devkit';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EditError, type SourceFile } from './edit-source';
import { identifiersOf, type Names } from './names';

/** Values that templates may use. */
export type Substitutions = Readonly<Record<string, string | number>>;

/** Folder of a generator's templates, seen from `src/` and from `dist/` alike. */
export function templatesOf(generator: string): string {
  return join(__dirname, '..', 'files', generator);
}

/** Changes a file of the workspace by edits that each take and give its text. */
export function editFile(tree: Tree, file: string, ...edits: readonly ((source: SourceFile) => SourceFile)[]): void {
  const text = tree.read(file, 'utf8');
  if (text === null) throw new EditError(file, 'the file');
  tree.write(file, edits.reduce<SourceFile>((source, edit) => edit(source), { file, text }).text);
}

/** A file of the workspace, to look into. */
export function sourceOf(tree: Tree, file: string): SourceFile {
  const text = tree.read(file, 'utf8');
  if (text === null) throw new EditError(file, 'the file');
  return { file, text };
}

/** Refuses a name that the templates use themselves: a sampler called `walk` would hide what it calls. */
export function refuseTemplateWords(kind: string, generator: string, { name, camel }: Names): void {
  const used = templateFiles(templatesOf(generator)).some((file) =>
    identifiersOf(readFileSync(file, 'utf8').replaceAll(/<%=?.*?%>/g, '_')).has(camel),
  );
  if (used) throw new Error(`${kind}: "${name}" is a name that the generated code uses. Choose another.`);
}

/**
 * Writes a generator's files, refusing to replace any.
 *
 * @throws Error naming the file that exists
 */
export function writeTemplates(tree: Tree, generator: string, substitutions: Substitutions): void {
  const folder = templatesOf(generator);
  for (const template of templateFiles(folder)) {
    const path = template
      .slice(folder.length + 1)
      .replaceAll('\\', '/')
      .replaceAll('__name__', String(substitutions.name))
      .replaceAll('__dot__', '.')
      .replace(/\.template$/, '');
    if (tree.exists(path)) throw new Error(`${generator}: ${path} exists already. Choose another name, or remove it.`);
  }
  generateFiles(tree, folder, '.', { ...substitutions, dot: '.' });
}

/** Formats what changed, as `npm run format` would. */
export async function finish(tree: Tree): Promise<void> {
  await formatFiles(tree);
}

function templateFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((entry) => join(folder, entry))
    .filter((path) => statSync(path).isFile())
    .sort();
}
