import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesOf } from '../src/names';

describe('namesOf', () => {
  it.each([
    ['heun', 'heun', 'Heun'],
    ['my-solver', 'mySolver', 'MySolver'],
    ['dpmpp-2m-sde', 'dpmpp2mSde', 'Dpmpp2mSde'],
    ['a1', 'a1', 'A1'],
  ])('makes the forms of %s', (name, camel, pascal) => {
    expect(namesOf('sampler', name)).toEqual({ name, camel, pascal });
  });

  it.each(['', 'Heun', 'my_solver', 'my solver', '-a', 'a-', 'a--b', '2m', '../x', 'a/b', 'ä', 'a.b', '__proto__'])(
    'refuses "%s", which is not kebab-case',
    (name) => {
      expect(() => namesOf('sampler', name)).toThrow('sampler: the name must be kebab-case');
    },
  );

  it.each(['new', 'class', 'default', 'let', 'await', 'static', 'eval', 'arguments', 'constructor', 'undefined'])(
    'refuses "%s", a word of the language',
    (name) => {
      expect(() => namesOf('sampler', name)).toThrow(`sampler: "${name}" is a word of the language.`);
    },
  );

  it('refuses a name that no file list could show', () => {
    expect(() => namesOf('dataset', 'a'.repeat(41))).toThrow('at most 40 characters, got 41');
  });

  it('never gives anything that is no identifier', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        try {
          expect(namesOf('x', text).camel).toMatch(/^[a-z][a-zA-Z0-9]*$/);
        } catch (error) {
          expect((error as Error).message).toMatch(/^x: /);
        }
      }),
    );
  });
});
