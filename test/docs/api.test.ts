/** The reference of the package says what the package declares. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { apiPage, declarationOf, renderApi } from '../../docs/api.ts';

it('is what `npm run docs:api` would write', () => {
  expect(readFileSync(apiPage, 'utf8')).toBe(renderApi());
});

it('gives every exported declaration its docstring', () => {
  const blocks = readFileSync(apiPage, 'utf8').matchAll(/### (\w+)\n\n```ts\n(\/\*\*)?/g);
  const silent = Array.from(blocks, ([, name, comment]) => (comment === undefined ? name : null)).filter(Boolean);
  expect(silent).toEqual([]);
});

it('gives every member of an exported declaration its docstring', () => {
  const silent: string[] = [];
  for (const [, name, code] of readFileSync(apiPage, 'utf8').matchAll(/### (\w+)\n\n```ts\n([\s\S]*?)```/g)) {
    if (name === 'LogRecord') continue;
    const lines = code!.split('\n');
    lines.forEach((line, index) => {
      const isMember = /^ {2}(?!set )[\w[]/.test(line);
      if (isMember && !lines[index - 1]!.endsWith('*/')) silent.push(`${name}: ${line.trim()}`);
    });
  }
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
