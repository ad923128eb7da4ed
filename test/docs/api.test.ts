/** The reference of the package says what the package declares. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { apiPage, declarationOf, renderApi } from '../../docs/api.ts';

/** Every type that a file of the product exports. */
function declaredTypes(): string[] {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const text = files.map((name) => readFileSync(join(src, name), 'utf8')).join('\n');
  return Array.from(text.matchAll(/^export (?:abstract )?(?:class|interface|type) (\w+)/gm), ([, name]) => name!);
}

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

it('names no type of ours that cannot be imported, but where we alone construct', () => {
  const page = readFileSync(apiPage, 'utf8');
  const code = Array.from(page.matchAll(/^```ts\n([\s\S]*?)^```/gm), ([, text]) => text!).join('\n');
  const bare = code.replace(/\/\*\*[\s\S]*?\*\/|'[^'\n]*'|^ *constructor.*/gm, '');
  const declared = Array.from(
    bare.matchAll(/^export (?:class|interface|function|type|const) (\w+)/gm),
    ([, name]) => name!,
  );
  const index = readFileSync(new URL('../../src/index.ts', import.meta.url), 'utf8');
  const types = [...declaredTypes(), 'Config'].filter((name) => new RegExp(`\\b${name}\\b`).test(bare));
  expect(types.filter((name) => !declared.includes(name) && !new RegExp(`\\b${name}\\b`).test(index))).toEqual([]);
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
