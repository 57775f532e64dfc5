import ts from 'typescript';

/** An error of an edit names the file: nothing has been written by then. */
export class EditError extends Error {
  constructor(file: string, missing: string) {
    super(`${file}: ${missing} was not found, so that nothing can be added there. Nothing was written.`);
    this.name = 'EditError';
  }
}

/** A source file under edit: each method returns a new text in the same place, formatted by nobody yet. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Adds an import or export among those from the same folder: in its alphabetical place where they have one, else last.
 *
 * @param statement - for example `export { euler } from './samplers/euler';`
 * @param folder - beginning of the specifiers it belongs to, for example `./samplers/`
 */
export function addModuleStatement({ file, text }: SourceFile, statement: string, folder: string): SourceFile {
  const source = parse(file, text);
  const kind = statement.startsWith('import') ? ts.SyntaxKind.ImportDeclaration : ts.SyntaxKind.ExportDeclaration;
  const specifierOf = (node: ts.Statement): string | undefined => {
    if (node.kind !== kind || !(ts.isImportDeclaration(node) || ts.isExportDeclaration(node))) return undefined;
    return node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)
      ? node.moduleSpecifier.text
      : undefined;
  };
  const siblings = source.statements.flatMap((node) => {
    const key = specifierOf(node);
    return key?.startsWith(folder) === true ? [{ key, node }] : [];
  });
  const own = specifierOf(parse(file, statement).statements[0]) ?? '';
  const { after, before } = placeFor(own, siblings);
  if (before !== undefined) return insert(file, text, before.getStart(source), `${statement}\n`);
  if (after === undefined) throw new EditError(file, `a statement from "${folder}..."`);
  return insert(file, text, after.getEnd(), `\n${statement}`);
}

/** Adds a property to the object that a constant holds; in alphabetical place where the keys are sorted, else last. */
export function addProperty(source: SourceFile, constant: string, key: string, property: string): SourceFile {
  return addPropertyTo(source, constantOf(source, constant), key, property, `the object "${constant}"`);
}

/** Adds a property to the object that a function returns, last. */
export function addReturnedProperty(source: SourceFile, name: string, property: string): SourceFile {
  return addPropertyTo(source, returnedBy(source, name), undefined, property, `the object that ${name} returns`);
}

/** Adds an element to the array that a constant holds (or is given as the first array argument of a call), last. */
export function addElement(source: SourceFile, constant: string, element: string): SourceFile {
  return addElementTo(source, constantOf(source, constant), element, `the list "${constant}"`);
}

/** Adds an element to the array in what a function returns, last. */
export function addReturnedElement(source: SourceFile, name: string, element: string): SourceFile {
  return addElementTo(source, returnedBy(source, name), element, `the list that ${name} returns`);
}

/** Adds a case to the first `switch` of a function, before a default. */
export function addCase({ file, text }: SourceFile, name: string, clause: string): SourceFile {
  const source = parse(file, text);
  const block = find(functionOf(source, name), ts.isCaseBlock);
  if (block === undefined) throw new EditError(file, `the switch of ${name}`);
  const last = block.clauses.find(ts.isDefaultClause);
  return insert(file, text, last?.getFullStart() ?? block.clauses.end, `\n${clause}`);
}

/** Adds a statement after the one that declares a variable, in a function or at the top of the file. */
export function addAfterVariable(
  { file, text }: SourceFile,
  variable: string,
  statement: string,
  name?: string,
): SourceFile {
  const source = parse(file, text);
  const declaration = find(name === undefined ? source : functionOf(source, name), isVariable(variable));
  const found = declaration === undefined ? undefined : statementOf(declaration);
  if (found === undefined) throw new EditError(file, `the variable "${variable}"`);
  return insert(file, text, found.getEnd(), `\n${statement}`);
}

/** Adds statements before the one that declares a constant, with its comment. */
export function addBeforeVariable({ file, text }: SourceFile, variable: string, statements: string): SourceFile {
  const source = parse(file, text);
  const declaration = find(source, isVariable(variable));
  const found = declaration === undefined ? undefined : statementOf(declaration);
  if (found === undefined) throw new EditError(file, `the variable "${variable}"`);
  return insert(file, text, found.getFullStart(), `\n\n${statements}`);
}

/** Keys of the object that a constant holds. */
export function keysOf(source: SourceFile, constant: string): string[] {
  const object = find(constantOf(source, constant), ts.isObjectLiteralExpression);
  if (object === undefined) throw new EditError(source.file, `the object "${constant}"`);
  return object.properties.flatMap((property) => keyOf(property) ?? []);
}

/** Names that a file exports with `export { ... }`. */
export function exportsOf({ file, text }: SourceFile): ReadonlySet<string> {
  const names = parse(file, text).statements.flatMap((node) =>
    ts.isExportDeclaration(node) && node.exportClause !== undefined && ts.isNamedExports(node.exportClause)
      ? node.exportClause.elements.map((element) => element.name.text)
      : [],
  );
  return new Set(names);
}

/** Adds a row to the first Markdown table under a heading. */
export function addTableRow({ file, text }: SourceFile, heading: string, row: string): SourceFile {
  const start = text.indexOf(`\n${heading}\n`);
  const table = start < 0 ? null : /(?:^\|.*\n)+/m.exec(text.slice(start));
  if (table === null) throw new EditError(file, `the table under "${heading}"`);
  return insert(file, text, start + table.index + table[0].length, `${row}\n`);
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
}

function insert(file: string, text: string, at: number, addition: string): SourceFile {
  return { file, text: text.slice(0, at) + addition + text.slice(at) };
}

/** First node below (and including) `root` that passes, in the order of the text. */
function find<T extends ts.Node>(root: ts.Node | undefined, passes: (node: ts.Node) => node is T): T | undefined {
  if (root === undefined) return undefined;
  if (passes(root)) return root;
  return ts.forEachChild(root, (child) => find(child, passes));
}

const isVariable =
  (name: string) =>
  (node: ts.Node): node is ts.VariableDeclaration =>
    ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === name;

const functionOf = (source: ts.SourceFile, name: string): ts.FunctionDeclaration | undefined =>
  find(source, (node): node is ts.FunctionDeclaration => ts.isFunctionDeclaration(node) && node.name?.text === name);

function constantOf({ file, text }: SourceFile, name: string): ts.Expression | undefined {
  return find(parse(file, text), isVariable(name))?.initializer;
}

/** What the last top-level `return` of a function gives. */
function returnedBy({ file, text }: SourceFile, name: string): ts.Expression | undefined {
  const statements = functionOf(parse(file, text), name)?.body?.statements ?? [];
  return [...statements].reverse().find(ts.isReturnStatement)?.expression;
}

function statementOf(node: ts.Node): ts.Node | undefined {
  return ts.isVariableStatement(node) ? node : node.parent === undefined ? undefined : statementOf(node.parent);
}

function keyOf({ name }: ts.ObjectLiteralElementLike): string | undefined {
  return name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? name.text : undefined;
}

function addPropertyTo(
  { file, text }: SourceFile,
  root: ts.Node | undefined,
  key: string | undefined,
  property: string,
  what: string,
): SourceFile {
  const object = find(root, ts.isObjectLiteralExpression);
  if (object === undefined) throw new EditError(file, what);
  const keyed = object.properties.map((node) => ({ key: keyOf(node) ?? '', node }));
  const before = key === undefined ? undefined : placeFor(key, keyed).before;
  return addToList(file, text, object.properties, property, before);
}

function addElementTo(
  { file, text }: SourceFile,
  root: ts.Node | undefined,
  element: string,
  what: string,
): SourceFile {
  const array = find(root, ts.isArrayLiteralExpression);
  if (array === undefined) throw new EditError(file, what);
  return addToList(file, text, array.elements, element);
}

/** Where a key belongs: before the first larger one if the others are sorted, else after the last. */
function placeFor<T>(
  key: string,
  siblings: readonly { readonly key: string; readonly node: T }[],
): { readonly before?: T | undefined; readonly after?: T | undefined } {
  const sorted = siblings.every((sibling, i) => i === 0 || siblings[i - 1].key <= sibling.key);
  const before = sorted ? siblings.find((sibling) => sibling.key > key)?.node : undefined;
  return { before, after: siblings.at(-1)?.node };
}

function addToList(
  file: string,
  text: string,
  list: ts.NodeArray<ts.Node>,
  item: string,
  before?: ts.Node,
): SourceFile {
  if (before !== undefined) return insert(file, text, afterComments(text, before.getFullStart()), `\n${item},`);
  const comma = list.length === 0 || list.hasTrailingComma ? '' : ',';
  return insert(file, text, list.end, `${comma}\n${item},`);
}

/** Behind the comments that end the line of `position`: they belong to what stands before. */
function afterComments(text: string, position: number): number {
  return ts.getTrailingCommentRanges(text, position)?.at(-1)?.end ?? position;
}
