import { describe, expect, it } from 'vitest';
import {
  addAfterVariable,
  addBeforeVariable,
  addCase,
  addElement,
  addModuleStatement,
  addProperty,
  addReturnedElement,
  addReturnedProperty,
  addTableRow,
  EditError,
  exportsOf,
  keysOf,
} from '../src/edit-source';

const file = (...lines: readonly string[]) => ({ file: 'a.ts', text: `${lines.join('\n')}\n` });

describe('addModuleStatement', () => {
  const add = (source: ReturnType<typeof file>, name: string) =>
    addModuleStatement(source, `export { ${name} } from './s/${name}';`, './s/').text;

  it('keeps the alphabet where there is one', () => {
    const source = file("export { z } from './other/z';", "export { a } from './s/a';", "export { c } from './s/c';");
    expect(add(source, 'b').split('\n')[2]).toBe("export { b } from './s/b';");
    expect(add(source, 'd').split('\n')[3]).toBe("export { d } from './s/d';");
    expect(add(source, '_').split('\n')[1]).toBe("export { _ } from './s/_';");
  });

  it('goes behind the last one where there is none, over several lines, types and comments', () => {
    const source = file(
      '// Samplers',
      "export type { C } from './s/c';",
      'export {',
      '  a,',
      "} from './s/a'; // kept",
      'const x = 1;',
    );
    expect(add(source, 'b')).toBe(
      source.text.replace("} from './s/a';", "} from './s/a';\nexport { b } from './s/b';"),
    );
  });

  it('does not take an import for an export, or text for code', () => {
    const source = file("import { a } from './s/a';", "const text = `export { b } from './s/b';`;");
    expect(() => add(source, 'c')).toThrow(EditError);
    expect(() => add(source, 'c')).toThrow('a.ts: a statement from "./s/..." was not found');
  });
});

describe('addProperty', () => {
  it('keeps sorted keys sorted, quoted or not', () => {
    const source = file('export const all = {', '  a,', "  'b-c': bC,", '  z,', '} as const satisfies X;');
    const { text } = addProperty(source, 'all', 'b-d', "'b-d': bD");
    expect(text).toBe("export const all = {\n  a,\n  'b-c': bC,\n'b-d': bD,\n  z,\n} as const satisfies X;\n");
    expect(keysOf({ file: 'a.ts', text }, 'all')).toEqual(['a', 'b-c', 'b-d', 'z']);
  });

  it('goes last where keys are in an order of their own, with or without a comma there', () => {
    for (const comma of [',', '']) {
      const { text } = addProperty(file(`const all = { z: 1, a: 2${comma} };`), 'all', 'm', 'm: 3');
      expect(keysOf({ file: 'a.ts', text }, 'all')).toEqual(['z', 'a', 'm']);
    }
    const empty = addProperty(file('const all: X = {};'), 'all', 'm', 'm');
    expect(keysOf(empty, 'all')).toEqual(['m']);
  });

  it('leaves the comments of the neighbours with them', () => {
    const source = file('const all = {', '  a, // of a', '  // of c', '  c,', '};');
    const { text } = addProperty(source, 'all', 'b', 'b');
    expect(text).toBe('const all = {\n  a, // of a\nb,\n  // of c\n  c,\n};\n');
  });

  it('says what is missing', () => {
    expect(() => addProperty(file('const other = {};'), 'all', 'm', 'm')).toThrow(
      'a.ts: the object "all" was not found',
    );
    expect(() => keysOf(file('const all = 3;'), 'all')).toThrow(EditError);
  });
});

describe('other edits', () => {
  it('add an element to a list, also inside a call', () => {
    expect(addElement(file("const names = ['a'] as const;"), 'names', "'b'").text).toContain("['a',\n'b',]");
    expect(addElement(file("const all = z.union('kind', [", '  a,', ']);'), 'all', 'b').text).toContain('a,\nb,');
  });

  it('add to what a function returns', () => {
    const source = file(
      'function f() {',
      '  if (x) return { no: 1 };',
      '  return { [`${a}`]: 1, ...(c ? { d: 1 } : {}) };',
      '}',
    );
    expect(addReturnedProperty(source, 'f', 'e: 2').text).toContain('...(c ? { d: 1 } : {}),\ne: 2, }');
    const list = file('function f() {', '  return Object.fromEntries([', '    g([1]),', '  ]);', '}');
    expect(addReturnedElement(list, 'f', 'h').text).toContain('g([1]),\nh,');
  });

  it('add a case to a switch, before a default', () => {
    const plain = file('function f(x: string) {', '  switch (x) {', "    case 'a':", '      return 1;', '  }', '}');
    expect(addCase(plain, 'f', "case 'b': return 2;").text).toContain("return 1;\ncase 'b': return 2;");
    const full = file('function f(x: string) {', '  switch (x) {', '    default:', '      return 1;', '  }', '}');
    expect(addCase(full, 'f', "case 'b': return 2;").text).toContain("{\ncase 'b': return 2;\n    default:");
  });

  it('add statements around a variable', () => {
    const source = file('/** Of b. */', 'const b = 1;', 'function f() {', '  const b = 2;', '  return b;', '}');
    expect(addAfterVariable(source, 'b', 'use(b);', 'f').text).toContain('const b = 2;\nuse(b);');
    expect(addBeforeVariable(source, 'b', 'const a = 0;').text).toMatch(/^\s*const a = 0;\/\*\* Of b/);
    expect(() => addAfterVariable(source, 'c', '')).toThrow('the variable "c"');
  });

  it('add a row to the table under a heading', () => {
    const text = '# T\n\n| no |\n| -- |\n\n## M\n\n| a |\n| - |\n| 1 |\n\nend\n';
    expect(addTableRow({ file: 'a.md', text }, '## M', '| 2 |').text).toBe(text.replace('| 1 |\n', '| 1 |\n| 2 |\n'));
    expect(() => addTableRow({ file: 'a.md', text }, '## N', '| 2 |')).toThrow('the table under "## N"');
  });

  it('list the names that a file exports', () => {
    const source = file("export { a, type B, c as d } from './x';", 'export const own = 1;', 'export { own2 };');
    expect([...exportsOf(source)]).toEqual(['a', 'B', 'd', 'own2']);
  });
});
