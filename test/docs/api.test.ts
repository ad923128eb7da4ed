/** The reference of the package says what the package declares. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { apiPage, declarationOf, renderApi } from '../../docs/api.ts';

it('is what `npm run docs:api` would write', () => {
  expect(readFileSync(apiPage, 'utf8')).toBe(renderApi());
});

it('gives every exported declaration and every member of one its docstring', () => {
  const lines = readFileSync(apiPage, 'utf8').split('\n');
  const silent: string[] = [];
  let declared = '';
  lines.forEach((line, index) => {
    const isDeclaration = line.startsWith('export ');
    if (isDeclaration) declared = line;
    // A record of the log has any fields; a setter has the docstring of its getter.
    const isMember = /^ {2}(?!set )[\w[]/.test(line) && !declared.includes(' LogRecord ');
    if ((isDeclaration || isMember) && !lines[index - 1]!.endsWith('*/')) silent.push(line.trim());
  });
  expect(declared).not.toBe('');
  expect(silent).toEqual([]);
});

it('takes a declaration with its docstring, and nothing private', () => {
  const text = [
    'export interface Before {',
    '}',
    '/** What it is. */',
    'export declare class Thing {',
    '    /** Hidden. */',
    '    private readonly secret;',
    '    /** Shown. */',
    '    read(): void;',
    '}',
    'export type After = 1;',
  ].join('\n');
  const expected = '/** What it is. */\nexport class Thing {\n  /** Shown. */\n  read(): void;\n}';
  expect(declarationOf(text, 'Thing')).toBe(expected);
  expect(declarationOf(text, 'After')).toBe('export type After = 1;');
});

it('writes out the names of a list', () => {
  const text = 'declare const names: readonly ["a", "b"];\nexport type Name = (typeof names)[number];';
  expect(declarationOf(text, 'Name')).toBe("export type Name = 'a' | 'b';");
});
