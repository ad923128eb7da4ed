/** Who may see the console. */
import { expect, onTestFinished, test } from 'vitest';
import { GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { ConsoleClient, token } from './console-client.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start('--workers', '1', '--ring-memory-mb', '16', ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

test('there is no console unless it is switched on', async () => {
  const { adminPort } = await start();
  const stranger = ConsoleClient.stranger(adminPort);
  for (const path of ['', 'session', 'live']) expect((await stranger.get(path)).status).toBe(404);
  expect(await stranger.upgrade('live')).toEqual({ status: 404 });
});

test('the right token opens a session, a wrong one does not', async () => {
  const gateway = await start('--console', '--admin-token', token);
  const stranger = ConsoleClient.stranger(gateway.adminPort);
  expect((await stranger.get('session')).status).toBe(401);
  for (const wrong of ['', 'let-me-se', `${token}!`, 'x'.repeat(10_000)]) {
    const response = await stranger.post('login', wrong);
    expect([response.status, response.headers.get('set-cookie')], wrong.slice(0, 20)).toEqual([401, null]);
  }
  expect(await stranger.upgrade('live')).toEqual({ status: 401 });

  const response = await stranger.post('login', token);
  expect(response.status).toBe(204);
  const cookie = response.headers.get('set-cookie')!;
  expect(cookie).toMatch(/^acs-console=[\w-]{43}; Path=\/console; Max-Age=28800; HttpOnly; SameSite=Strict$/);
  expect(cookie).not.toContain(token);

  const client = await ConsoleClient.login(gateway.adminPort);
  expect(await client.session()).toEqual({ mayListen: false, version: expect.any(String) });
  await client.page();
  const metrics = await (
    await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`, { headers: { Authorization: `Bearer ${token}` } })
  ).text();
  expect(metrics).toContain('acs_gateway_console_logins_total{result="accepted"} 2');
  expect(metrics).toContain('acs_gateway_console_logins_total{result="refused"} 4');
  expect(metrics).toContain('acs_gateway_console_viewers 1');
  expect(JSON.stringify(gateway.log)).not.toContain(token);
  expect(gateway.log).toContainEqual(expect.objectContaining({ msg: 'console login', remoteAddress: '127.0.0.1' }));
});

test('guesses are answered ever more slowly', async () => {
  const { adminPort } = await start('--console', '--admin-token', token);
  const stranger = ConsoleClient.stranger(adminPort);
  const startMs = performance.now();
  for (let guess = 0; guess < 30; guess++) expect((await stranger.post('login', String(guess))).status).toBe(401);
  // 500 ms of time saved up are 25 of them; each one more takes 400 ms.
  expect(performance.now() - startMs).toBeGreaterThan(1_000);
});

test('of a flood of guesses few wait, the others get 429', async () => {
  const { adminPort } = await start('--console', '--admin-token', token);
  const stranger = ConsoleClient.stranger(adminPort);
  const all = await Promise.all(Array.from({ length: 60 }, (_, guess) => stranger.post('login', String(guess))));
  const statuses = new Set(all.map(({ status }) => status));
  expect(statuses).toEqual(new Set([401, 429]));
  expect(all.find(({ status }) => status === 429)!.headers.get('retry-after')).toBe('5');
});

test('behind TLS the cookie is sent over nothing else', async () => {
  const { adminPort } = await start('--console', '--admin-token', token);
  const response = await fetch(`http://127.0.0.1:${adminPort}/console/login`, {
    method: 'POST',
    body: token,
    headers: { 'X-Forwarded-Proto': 'https' },
  });
  expect(response.headers.get('set-cookie')).toMatch(/; Secure$/);
});

test('after the logout the cookie is worth nothing, and open pages are closed', async () => {
  const { adminPort } = await start('--console', '--admin-token', token);
  const client = await ConsoleClient.login(adminPort);
  const page = await client.page();
  const response = await client.post('logout');
  expect([response.status, response.headers.get('set-cookie')]).toEqual([
    204,
    'acs-console=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict',
  ]);
  expect((await client.get('session')).status).toBe(401);
  expect(await client.upgrade('live')).toEqual({ status: 401 });
  expect(await page.closed).toBe(4401);
});

test('pages of other origins are refused, whatever cookie they have', async () => {
  const { adminPort } = await start('--console', '--admin-token', token);
  const client = await ConsoleClient.login(adminPort);
  for (const Origin of ['http://evil.example', 'http://127.0.0.1:1', 'null', 'nonsense'])
    expect(await client.upgrade('live', { Origin }), Origin).toEqual({ status: 403 });
  expect((await client.get('session', { Origin: 'http://evil.example' })).status).toBe(403);
  // Where browsers do not say the origin, they say the site. A link to the page is none of that.
  for (const site of ['cross-site', 'same-site'])
    expect((await client.get('session', { 'Sec-Fetch-Site': site })).status).toBe(403);
  expect((await client.get('', { 'Sec-Fetch-Site': 'cross-site' })).status).not.toBe(403);
  // A browser always says where a WebSocket comes from.
  const { upgrade } = await import('./console-client.ts');
  const url = `ws://${client.address}/console/live`;
  expect(await upgrade(url, { Cookie: client.cookie })).toEqual({ status: 403 });
  // Behind a proxy that keeps the name.
  expect(await client.upgrade('live', { Host: 'calls.example', Origin: 'https://calls.example' })).toHaveProperty(
    'socket',
  );
});

test('without a token only who asks this machine by its own name may see it', async () => {
  const { adminPort } = await start('--console');
  const client = await ConsoleClient.login(adminPort, null);
  expect(await client.session()).toEqual({ mayListen: false, version: expect.any(String) });
  await client.page();
  expect(await client.upgrade('live', { Cookie: '' })).toEqual({ status: 401 });
  // A stranger's name that points to this machine, with a stranger's page.
  const rebound = { Host: `evil.example:${adminPort}`, Origin: `http://evil.example:${adminPort}` };
  expect(await client.upgrade('live', rebound)).toEqual({ status: 403 });
  expect(
    await client.upgrade('live', { Host: `localhost:${adminPort}`, Origin: `http://localhost:${adminPort}` }),
  ).toHaveProperty('socket');
});

test('other methods are refused, and requests for another protocol are answered as ever', async () => {
  const { adminPort } = await start('--console', '--admin-token', token);
  const url = `http://127.0.0.1:${adminPort}`;
  expect((await fetch(`${url}/console/login`)).status).toBe(405);
  expect((await fetch(`${url}/console/session`, { method: 'POST' })).status).toBe(405);
  expect((await fetch(`${url}/console/nothing`)).status).toBeGreaterThanOrEqual(404);
  const { request } = await import('node:http');
  const status = await new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
    };
    request(`${url}/healthz`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
});

test('beyond loopback the console wants a token, and audio the console', async () => {
  const open = await runCommand(['serve', '--console', '--admin-host', '0.0.0.0']);
  expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('--console: expected an --admin-token')]);
  const deaf = await runCommand(['serve', '--console-audio']);
  expect([deaf.code, deaf.stderr]).toEqual([
    2,
    expect.stringContaining('--console-audio: expected only together with --console'),
  ]);
});
