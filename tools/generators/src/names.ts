import ts from 'typescript';

/** A name in the forms that files and code need. */
export interface Names {
  /** `my-solver`: files, flags, registries. */
  readonly name: string;
  /** `mySolver`: values. */
  readonly camel: string;
  /** `MySolver`: types. */
  readonly pascal: string;
}

const longest = 40;

/** Own properties of every object or function: as keys they would be found where nothing was added. */
const inherited = ['constructor', 'prototype', 'arguments', 'eval', 'undefined', 'infinity', 'nan'];

/**
 * Checks a name and makes its other forms.
 *
 * @param kind - what is named, for messages
 * @throws Error if it is not kebab-case, too long, or a word of the language
 */
export function namesOf(kind: string, name: string): Names {
  if (typeof name !== 'string' || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(
      `${kind}: the name must be kebab-case (lower-case letters, digits, single hyphens), got ${JSON.stringify(name)}.`,
    );
  }
  if (name.length > longest) {
    throw new Error(`${kind}: the name must have at most ${longest} characters, got ${name.length}.`);
  }
  const camel = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  if (inherited.includes(name) || !identifiersOf(camel).has(camel)) {
    throw new Error(`${kind}: "${name}" is a word of the language. Choose another name.`);
  }
  return { name, camel, pascal: camel.charAt(0).toUpperCase() + camel.slice(1) };
}

/** Identifiers in a piece of TypeScript; keywords are none. */
export function identifiersOf(text: string): ReadonlySet<string> {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text);
  const found = new Set<string>();
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (token === ts.SyntaxKind.Identifier) found.add(scanner.getTokenText());
  }
  return found;
}
