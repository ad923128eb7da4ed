/** The files of the page, as they are served. */
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PageFiles } from '../../src/console/page-files.ts';
import { temporaryFolder } from '../support/folders.ts';

const script = `console.log(${JSON.stringify('a'.repeat(5000))});`;

async function serve(): Promise<{
  readonly folder: string;
  readonly get: (name: string, coding?: string) => Promise<Response>;
}> {
  const folder = temporaryFolder();
  const files = new PageFiles(folder);
  const server = createServer((request, response) => void files.answer(request.url!.slice(1), request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const get = (name: string, coding = 'identity') =>
    fetch(`http://127.0.0.1:${port}/${name}`, { headers: { 'Accept-Encoding': coding } });
  return { folder, get };
}

function build(folder: string, text: string): void {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'assets/index-C0ffee42.js'), script);
  writeFileSync(join(folder, 'assets/icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'index.html'), text);
  writeFileSync(join(folder, 'console.js'), 'code of the gateway');
}

test('without a page it says in one sentence what to do, and finds the page when it is there', async () => {
  const { folder, get } = await serve();
  const response = await get('index.html');
  expect([response.status, await response.text()]).toEqual([
    503,
    'The page of the console is not built: run npm run build.\n',
  ]);
  build(folder, '<p>one</p>');
  expect(await (await get('index.html')).text()).toBe('<p>one</p>');
  build(folder, '<p>two</p>');
  utimesSync(join(folder, 'index.html'), 2_000_000_000, 2_000_000_000);
  expect(await (await get('index.html')).text()).toBe('<p>two</p>');
  rmSync(join(folder, 'index.html'));
  expect((await get('index.html')).status).toBe(503);
});

test('files are compressed as the browser wants, and kept for ever only if their names have a hash', async () => {
  const { folder, get } = await serve();
  build(folder, '<p>one</p>');
  for (const [coding, expected] of [
    ['identity', null],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
  ] as const) {
    const response = await get('assets/index-C0ffee42.js', coding);
    expect(response.headers.get('content-encoding')).toBe(expected);
    expect(await response.text()).toBe(script);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  }
  for (const name of ['index.html', 'assets/icon.svg']) {
    const { headers } = await get(name);
    expect(headers.get('cache-control'), name).toBe('no-cache');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    );
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
  }
});

test('nothing else of the folder is served', async () => {
  const { folder, get } = await serve();
  build(folder, '<p>one</p>');
  for (const name of ['console.js', 'assets/../console.js', 'assets/..%2fconsole.js', 'assets/', '__proto__', '']) {
    expect((await get(name)).status, name).toBe(404);
  }
});
