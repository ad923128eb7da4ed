/** Who gets in, through real sockets and the real process; the keys come from a real HTTPS server. */
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { upgradeRequest } from '../fuzz/raw-peer.ts';
import { audience, issuer, KeyServer, SigningKey } from '../socket/key-server.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** A key server that only knows of HTTPS, and a gateway that trusts its certificate. */
async function startWithKeys(keys: readonly SigningKey[], answer: KeyServer['answer'] = 'keys', ...flags: string[]) {
  const certificate = selfSignedCertificate();
  const file = join(temporaryFolder(), 'ca.pem');
  writeFileSync(file, certificate.cert);
  const server = await KeyServer.start(certificate);
  server.keys = [...keys];
  server.answer = answer;
  const jwt = ['--auth', 'jwt', '--jwt-audience', audience, '--jwt-issuer', issuer, '--jwks-url', server.url];
  const gateway = await GatewayProcess.startIn({ NODE_EXTRA_CA_CERTS: file }, ...jwt, ...flags);
  onTestFinished(() => gateway.kill());
  return { server, gateway };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('with --auth token the secret is taken from the header, the query or the path, and nobody else gets in', async () => {
  const gateway = await start('--auth', 'token', '--auth-token', 's3cret', '--auth-token', 'second');
  for (const [url, headers] of [
    [gateway.url, bearer('s3cret')],
    [`${gateway.url}?accesstoken=second`, bearer('acs.own.token')],
    [`${gateway.url}?token=s3cret`, {}],
    [`${gateway.url}/call/s3cret`, {}],
  ] as const) {
    await (await AcsClient.connect(url, headers)).hangUp();
  }
  for (const [url, headers] of [
    [gateway.url, {}],
    [gateway.url, bearer('S3cret')],
    [`${gateway.url}?accesstoken=`, bearer('acs.own.token')],
  ] as const) {
    expect((await refusedUpgrade(url, headers)).status).toBe(401);
  }
  const metrics = await gateway.metrics();
  expect(metrics.get('upgrades_total{result="accepted"}')).toBe(4);
  expect(metrics.get('upgrades_total{result="unauthorized"}')).toBe(3);
});

test('with --auth jwt a token of ACS is let in, with its first messages, and nothing else', async () => {
  const [key, forged] = await Promise.all([SigningKey.create('key'), SigningKey.create('key')]);
  const { gateway, server } = await startWithKeys([key]);
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => AcsClient.connect(gateway.url, bearer(await key.sign()))),
  );
  // Sent as soon as the socket is open: none may be lost while somebody still checks.
  for (const client of clients) client.send(metadata(), audio(0), audio(1));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 40);
  for (const headers of [
    {},
    bearer(await forged.sign()),
    bearer(await key.sign({ expSeconds: -3600 })),
    bearer(await key.sign({ aud: 'another resource' })),
  ]) {
    expect((await refusedUpgrade(gateway.url, headers)).status).toBe(401);
  }
  const metrics = await gateway.metrics();
  expect(metrics.get('upgrades_total{result="accepted"}')).toBe(20);
  expect(metrics.get('upgrades_total{result="unauthorized"}')).toBe(4);
  for (const reason of ['missing', 'signature', 'expired', 'audience'])
    expect(metrics.get(`jwt_failures_total{reason="${reason}"}`), reason).toBe(1);
  expect(server.requests).toBe(1);
  for (const client of clients) await client.hangUp();
});

test('calls are let in while the key server is away', async () => {
  const key = await SigningKey.create('key');
  const { gateway, server } = await startWithKeys([key]);
  await (await AcsClient.connect(gateway.url, bearer(await key.sign()))).hangUp();
  await server.stop();
  await (await AcsClient.connect(gateway.url, bearer(await key.sign()))).hangUp();
});

test('calls are refused as long as there never were keys, and let in as soon as there are', async () => {
  const key = await SigningKey.create('key');
  const { gateway, server } = await startWithKeys([key], 'error');
  expect((await refusedUpgrade(gateway.url, bearer(await key.sign()))).status).toBe(401);
  expect((await gateway.metrics()).get('jwt_failures_total{reason="keys_unavailable"}')).toBe(1);
  expect(gateway.log).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'keys of tokens cannot be fetched', error: 'HTTP 500' }),
  );
  server.answer = 'keys';
  await eventually(async () => {
    const client = await AcsClient.connect(gateway.url, bearer(await key.sign())).catch(() => null);
    await client?.hangUp();
    return client !== null;
  });
});

test('a peer that breaks off while its token is checked leaves nothing behind', async () => {
  const key = await SigningKey.create('key');
  const { gateway } = await startWithKeys([], 'nothing');
  const token = await key.sign({}, { kid: 'unknown' });
  for (let i = 0; i < 50; i++) {
    const socket = createConnection(gateway.port, '127.0.0.1', () => {
      socket.write(upgradeRequest('/audio', [`Authorization: Bearer ${token}`]), () => socket.destroy());
    });
    socket.on('error', () => {});
  }
  await eventually(async () => ((await gateway.metrics()).get('streams_active') ?? -1) === 0);
  expect((await gateway.admin('/healthz')).status).toBe(200);
  expect(await gateway.streams()).toEqual([]);
});

test('with --jwt-mode log everybody is let in, and what is wrong is counted', async () => {
  const key = await SigningKey.create('key');
  const { gateway } = await startWithKeys([key], 'keys', '--jwt-mode', 'log');
  await (await AcsClient.connect(gateway.url)).hangUp();
  await (await AcsClient.connect(gateway.url, bearer('abc'))).hangUp();
  await (await AcsClient.connect(gateway.url, bearer(await key.sign()))).hangUp();
  await eventually(async () => {
    const metrics = await gateway.metrics();
    return ['missing', 'malformed'].every((reason) => metrics.get(`jwt_failures_total{reason="${reason}"}`) === 1);
  });
  expect((await gateway.metrics()).get('upgrades_total{result="accepted"}')).toBe(3);
});

test('addresses that are in no allowed network get 403, and X-Forwarded-For is believed from a proxy only', async () => {
  const strict = await start('--allow-cidr', '52.112.0.0/14');
  expect((await refusedUpgrade(strict.url)).status).toBe(403);
  expect((await refusedUpgrade(strict.url, { 'x-forwarded-for': '52.112.0.1' })).status).toBe(403);
  expect((await strict.metrics()).get('upgrades_total{result="forbidden"}')).toBe(2);

  const behind = await start('--allow-cidr', '52.112.0.0/14', '--trust-proxy');
  const client = await AcsClient.connect(behind.url, { 'x-forwarded-for': '6.6.6.6, 52.112.0.1' });
  expect(await behind.streams()).toMatchObject([{ remoteAddress: '52.112.0.1' }]);
  await client.hangUp();
  expect((await refusedUpgrade(behind.url, { 'x-forwarded-for': '52.112.0.1, 6.6.6.6' })).status).toBe(403);
  expect((await refusedUpgrade(behind.url)).status).toBe(403);

  const elsewhere = await start('--allow-cidr', '52.112.0.0/14', '--trust-proxy', '--proxy-cidr', '10.0.0.0/8');
  expect((await refusedUpgrade(elsewhere.url, { 'x-forwarded-for': '52.112.0.1' })).status).toBe(403);
});

test('a second line of X-Forwarded-For, as proxies add it, counts more than a forged first one', async () => {
  const gateway = await start('--allow-cidr', '52.112.0.0/14', '--trust-proxy');
  const forged = '52.112.0.1';
  const added = '6.6.6.6';
  const status = await rawUpgrade(gateway.port, Buffer.alloc(0), [
    `X-Forwarded-For: ${forged}`,
    `X-Forwarded-For: ${added}`,
  ]);
  expect(status).toBe('HTTP/1.1 403 Forbidden');
  expect(
    await rawUpgrade(gateway.port, Buffer.alloc(0), [`X-Forwarded-For: ${added}`, `X-Forwarded-For: ${forged}`]),
  ).toContain('101');
});

test('the PROXY protocol header of a trusted proxy names the client, and nobody else’s does', async () => {
  const behind = await start('--allow-cidr', '52.112.0.0/14', '--trust-proxy');
  expect(await rawUpgrade(behind.port, proxyHeader('52.112.0.1'))).toContain('101');
  expect(await rawUpgrade(behind.port, proxyHeader('6.6.6.6'))).toBe('HTTP/1.1 403 Forbidden');
  expect(await rawUpgrade(behind.port, proxyHeader('6.6.6.6'), ['X-Forwarded-For: 52.112.0.1'])).toBe(
    'HTTP/1.1 403 Forbidden',
  );
  const untrusting = await start('--allow-cidr', '52.112.0.0/14');
  expect(await rawUpgrade(untrusting.port, proxyHeader('52.112.0.1'))).toBe('HTTP/1.1 403 Forbidden');
});

test('with an admin token only health is answered without it', async () => {
  const gateway = await start('--admin-token', 'adm1n');
  for (const path of ['/healthz', '/readyz']) expect((await gateway.admin(path)).status).toBe(200);
  const ask = (path: string, authorization: string) =>
    fetch(`http://127.0.0.1:${gateway.adminPort}${path}`, { headers: { authorization } });
  for (const path of ['/metrics', '/streams', '/streams/x', '/nothing']) {
    const refused = await gateway.admin(path);
    expect([refused.status, refused.headers.get('www-authenticate')], path).toEqual([401, 'Bearer']);
    for (const wrong of ['Bearer adm1', 'Basic adm1n', 'Bearer', '']) expect((await ask(path, wrong)).status).toBe(401);
  }
  for (const path of ['/metrics', '/streams']) expect((await ask(path, 'Bearer adm1n')).status).toBe(200);
});

/** PROXY protocol version 2, over IPv4: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt, section 2.2. */
function proxyHeader(source: string): Buffer {
  const addresses = [...source.split('.'), ...'127.0.0.1'.split('.')].map(Number);
  const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
  return Buffer.from([...signature, 0x21, 0x11, 0, 12, ...addresses, 0x30, 0x39, 0x1f, 0x90]);
}

/** The status line of the answer to an upgrade that is written byte by byte here. */
function rawUpgrade(port: number, before: Buffer, headers: readonly string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () =>
      socket.write(Buffer.concat([before, Buffer.from(upgradeRequest('/audio', headers))])),
    );
    socket.once('data', (data) => {
      resolve(data.toString('latin1').split('\r\n')[0]!);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(''));
  });
}
