/** The fresh machine runs what the README says, not what we think that it says. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { freshCloneCommands, promisedCommands } from './readme.ts';

const readme = readFileSync(join(resolve(import.meta.dirname, '../..'), 'README.md'), 'utf8');

test('the README promises two commands, and nothing before them', () => {
  expect(freshCloneCommands(readme)).toEqual({ start: 'npm ci && npm start', test: 'npm ci && npm test' });
});

test('a README that promises something else is refused', () => {
  const other = '# x\n\n```sh\nsudo apt-get install x\nnpm ci && npm start  # runs\nnpm ci && npm test\n```\n';
  expect(promisedCommands(other)).toHaveLength(3);
  expect(() => freshCloneCommands(other)).toThrow('sudo apt-get install x');
  expect(() => freshCloneCommands('no block')).toThrow('not one command');
});
