/** Whose stream it is: nobody continues with another peer's, and strangers learn nothing of calls. */
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { audience, issuer, KeyServer, SigningKey } from '../socket/key-server.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

const call = { 'x-ms-call-connection-id': 'call' };
const twoTokens = ['--auth', 'token', '--auth-token', 'token-of-a', '--auth-token', 'token-of-b'];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A socket that has sent metadata and frames. */
async function caller(gateway: GatewayProcess, headers: Record<string, string>, frames = 5): Promise<AcsClient> {
  const client = await AcsClient.connect(gateway.url, headers);
  client.send(metadata(), ...Array.from({ length: frames }, (_, frame) => audio(frame)));
  return client;
}

async function committed(gateway: GatewayProcess, frames: number): Promise<void> {
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === frames);
}

/** Two sockets that name the same subscription are two streams, and the first one is not disturbed. */
async function expectApart(gateway: GatewayProcess, first: Record<string, string>, second: Record<string, string>) {
  const a = await caller(gateway, first);
  await committed(gateway, 5);
  const b = await caller(gateway, second);
  await committed(gateway, 10);
  expect((await gateway.streams()).map((stream) => [stream.state, stream.committed])).toEqual([
    ['open', 5],
    ['open', 5],
  ]);
  a.send(audio(5));
  await committed(gateway, 11);
  for (const client of [a, b]) expect(await client.hangUp()).toBe(1000);
  expect((await gateway.metrics()).get('stream_resumes_total')).toBe(0);
}

test('another token does not resume a stream', async () => {
  const gateway = await start(...twoTokens);
  await expectApart(gateway, { ...call, ...bearer('token-of-a') }, { ...call, ...bearer('token-of-b') });
});

test('the same token resumes it', async () => {
  const gateway = await start(...twoTokens);
  const first = await caller(gateway, { ...call, ...bearer('token-of-b') });
  await committed(gateway, 5);
  first.socket.terminate();
  const second = await caller(gateway, { ...call, ...bearer('token-of-b') });
  await committed(gateway, 10);
  expect((await gateway.metrics()).get('stream_resumes_total')).toBe(1);
  await second.hangUp();
});

test('requests without a call id are never the same call', async () => {
  await expectApart(await start(), {}, {});
});

test('call ids that agree in their first 256 characters are two calls', async () => {
  const long = 'x'.repeat(256);
  await expectApart(
    await start(),
    { 'x-ms-call-connection-id': `${long}a` },
    { 'x-ms-call-connection-id': `${long}b` },
  );
});

async function startWithKeys(...flags: string[]) {
  const certificate = selfSignedCertificate();
  const file = join(temporaryFolder(), 'ca.pem');
  writeFileSync(file, certificate.cert);
  const server = await KeyServer.start(certificate);
  const key = await SigningKey.create('key');
  server.keys = [key];
  const jwt = ['--auth', 'jwt', '--jwt-audience', audience, '--jwt-audience', 'another', '--jwt-issuer', issuer];
  const gateway = await GatewayProcess.startIn(
    { NODE_EXTRA_CA_CERTS: file },
    ...jwt,
    '--jwks-url',
    server.url,
    ...flags,
  );
  onTestFinished(() => gateway.kill());
  return { gateway, key, certificate, file, server };
}

test('another token of the same subject and audience continues, one for another audience does not', async () => {
  const { gateway, key } = await startWithKeys();
  const first = await caller(gateway, { ...call, ...bearer(await key.sign()) });
  await committed(gateway, 5);
  first.socket.terminate();
  const second = await caller(gateway, { ...call, ...bearer(await key.sign({ expSeconds: 7200 })) });
  await committed(gateway, 10);
  expect((await gateway.metrics()).get('stream_resumes_total')).toBe(1);
  const stranger = await caller(gateway, { ...call, ...bearer(await key.sign({ aud: 'another' })) });
  await committed(gateway, 15);
  expect((await gateway.streams()).length).toBe(2);
  for (const client of [second, stranger]) await client.hangUp();
});

test('strangers do not learn whether a call is connected, nor other peers keep it out', async () => {
  const gateway = await start(...twoTokens, '--duplicate', 'reject');
  const client = await caller(gateway, { ...call, ...bearer('token-of-a') });
  await committed(gateway, 5);
  expect((await refusedUpgrade(gateway.url, call)).status).toBe(401);
  expect((await refusedUpgrade(gateway.url, { ...call, ...bearer('wrong') })).status).toBe(401);
  expect((await refusedUpgrade(gateway.url, { ...call, ...bearer('token-of-a') })).status).toBe(409);
  await (await AcsClient.connect(gateway.url, { ...call, ...bearer('token-of-b') })).hangUp();
  await client.hangUp();
});

test('the address of the keys may not lead elsewhere', async () => {
  const { server, key, certificate, file } = await startWithKeys();
  const plain = await KeyServer.start();
  plain.keys = [key];
  for (const target of [plain.url, server.url]) {
    const redirecting = createServer(certificate, (_request, response) =>
      response.writeHead(302, { location: target }).end(),
    );
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      redirecting.closeAllConnections();
      redirecting.close();
    });
    const url = `https://127.0.0.1:${(redirecting.address() as AddressInfo).port}/keys`;
    const gateway = await GatewayProcess.startIn(
      { NODE_EXTRA_CA_CERTS: file },
      ...['--auth', 'jwt', '--jwt-audience', audience, '--jwt-issuer', issuer, '--jwks-url', url],
    );
    onTestFinished(() => gateway.kill());
    expect((await refusedUpgrade(gateway.url, bearer(await key.sign()))).status).toBe(401);
    expect((await gateway.metrics()).get('jwt_failures_total{reason="keys_unavailable"}')).toBe(1);
  }
  expect(plain.requests).toBe(0);
});

test('user and password in the address of the keys are refused, and shown nowhere', async () => {
  for (const url of ['https://user:hunter2@127.0.0.1/keys', 'http://user:hunter2@127.0.0.1/keys']) {
    const { code, stdout, stderr } = await runCommand([
      ...['serve', '--port', '0', '--auth', 'jwt', '--jwt-audience', audience, '--jwks-url', url],
    ]);
    expect([code, stderr.includes('--jwks-url')]).toEqual([2, true]);
    expect(stdout + stderr).not.toContain('hunter2');
  }
});

for (const [access, file, folder] of [
  ['owner', 0o600, 0o700],
  ['group', 0o640, 0o750],
] as const) {
  test(`with --file-access ${access} recordings are for the ${access} alone`, async () => {
    const parent = temporaryFolder();
    const gateway = await start(
      ...['--sink', `wav:${parent}/wav`, '--sink', `pcm:${parent}/pcm`, '--capture', `${parent}/captured/calls.acscap`],
      ...['--file-access', access],
    );
    await (await caller(gateway, call)).hangUp();
    await gateway.drain();
    const mode = (path: string) => statSync(join(parent, path)).mode & 0o777;
    for (const path of ['wav', 'wav/call', 'pcm/call', 'captured']) expect([path, mode(path)]).toEqual([path, folder]);
    for (const path of ['wav/call/mixed.wav', 'wav/call/mixed.json', 'pcm/call/mixed.pcm', 'captured/calls.acscap']) {
      expect([path, mode(path)]).toEqual([path, file]);
    }
  });
}
