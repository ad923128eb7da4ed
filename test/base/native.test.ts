/** Which binaries of uWebSockets.js are loaded, and what is said where they cannot be. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { nativeProblem, uwsPackage, uwsSilentMsMax } from '../../src/base/native.ts';

const root = resolve(import.meta.dirname, '../..');
const notFound = "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'uWebSockets.js-24'";

test('each Node.js has the package that brings its binaries', () => {
  expect(uwsPackage('22.18.0')).toBe('uWebSockets.js');
  expect(uwsPackage('24.22.3')).toBe('uWebSockets.js-24');
  expect([uwsSilentMsMax('22.18.0'), uwsSilentMsMax('24.22.3')]).toEqual([10_000, 30_000]);
});

test.each([
  [
    '24.1.0',
    null,
    /^uWebSockets\.js for Node\.js 24 needs glibc 2\.38 or later .*: use an image that is made of Debian$/,
  ],
  ['24.1.0', '2.36', /has 2\.36: use Node\.js 22, or a newer system$/],
  ['22.20.0', '2.17', /^uWebSockets\.js for Node\.js 22 needs glibc 2\.28 .* has 2\.17: use a newer system$/],
  ['24.1.0', '2.41', /^the package uWebSockets\.js-24 is not installed: .* optional dependencies$/],
])('what to do about Node.js %s with glibc %s is said in one sentence', (node, glibc, sentence) => {
  const problem = nativeProblem(uwsPackage(node), notFound, node, glibc);
  expect(problem).toMatch(sentence);
  expect(problem).not.toContain('\n');
});

test('of any other error the last line is shown, where the loader says what it lacks', () => {
  const error = 'Error: This version of uWS.js supports only …\n\nError: libz.so.1: cannot open shared object file';
  expect(nativeProblem('uWebSockets.js', error, '22.20.0', '2.41')).toMatch(
    /has no binary for Node\.js 22\.20\.0 on .*: Error: libz\.so\.1: cannot open shared object file$/,
  );
});

test('the binaries that are installed are those that the documentation names', () => {
  const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
  const lines = [...page.matchAll(/^([0-9a-f]{64}) {2}(node_modules\/\S+\.node)$/gm)];
  expect(lines).toHaveLength(4);
  for (const [, hash, path] of lines) {
    // The second package is optional.
    if (path!.includes('uWebSockets.js-24') && !existsSync(join(root, path!))) continue;
    expect(
      createHash('sha256')
        .update(readFileSync(join(root, path!)))
        .digest('hex'),
      path,
    ).toBe(hash);
  }
});
