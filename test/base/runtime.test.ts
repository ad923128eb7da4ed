/** What cannot run the package is told so in one sentence. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runtimeProblem } from '../../src/base/runtime.ts';
import { entry } from '../support/gateway-process.ts';

test.each(['22.18.0', '22.23.3', '24.0.0', '24.22.3'])('Node.js %s is right', (node) => {
  expect(runtimeProblem({ node })).toBeNull();
});

test.each([
  [{ node: '20.20.2' }, 'this is 20.20.2'],
  [{ node: '22.17.1' }, 'this is 22.17.1'],
  [{ node: '23.11.0' }, 'this is 23.11.0'],
  [{ node: '25.2.0' }, 'this is 25.2.0'],
  [{ node: '26.0.0' }, 'this is 26.0.0'],
  [{ node: '22.20.0', bun: '1.3.0' }, 'Bun'],
  [{}, 'something else'],
])('%j is not', (versions, problem) => {
  expect(runtimeProblem(versions)).toMatch(/^Node\.js 22\.18 or a later 22\.x, or 24, is needed/);
  expect(runtimeProblem(versions)).toContain(problem);
});

test('package.json asks for the same', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(engines).toEqual({ node: '>=22.18 <23 || >=24 <25' });
});

test('the import says so to a program, before anything is loaded that cannot be', () => {
  const index = pathToFileURL(join(dirname(entry), 'index.js')).href;
  const program = `
    Object.defineProperty(process, 'versions', { value: { node: '26.0.0' } });
    import(${JSON.stringify(index)}).catch(({ code, message }) => console.log(code, message));`;
  const { stdout, status } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 60_000 });
  expect(stdout).toMatch(/^native_missing Node\.js 22\.18 or a later 22\.x, or 24, is needed, this is 26\.0\.0/);
  expect(status).toBe(0);
});
