/** Whose address the gateway believes behind a real HAProxy, which passes bytes or speaks HTTP: the client's own, and no other. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished } from 'vitest';
import { proxyHeader } from '../attack/attacks.ts';
import { upgradeRequest } from '../fuzz/raw-peer.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { BalancerProcess } from './balancer.ts';

const test = testNeeding('haproxy');

const client = '127.0.0.5';

/** An HAProxy with a port in `mode tcp` and one in `mode http`, both with `send-proxy-v2`. */
async function startHaproxy(gatewayPort: number): Promise<{ tcp: number; http: number }> {
  const folder = temporaryFolder();
  const [tcp, http, status] = (await freePorts(3)) as [number, number, number];
  const file = join(folder, 'haproxy.cfg');
  const side = (mode: string, port: number) => `
frontend ${mode}
    mode ${mode}
    bind 127.0.0.1:${port}
    default_backend ${mode}
backend ${mode}
    mode ${mode}
    server gateway 127.0.0.1:${gatewayPort} send-proxy-v2
`;
  writeFileSync(
    file,
    `global
    log stdout format raw local0
defaults
    timeout connect 1s
    timeout client 10s
    timeout server 10s
    timeout tunnel 1m
frontend status
    mode http
    bind 127.0.0.1:${status}
    http-request return status 200
${side('tcp', tcp)}${side('http', http)}`,
  );
  const haproxy = new BalancerProcess('haproxy', ['-db', '-f', file], folder);
  onTestFinished(() => haproxy.stop());
  await haproxy.ready(`http://127.0.0.1:${status}`);
  return { tcp, http };
}

async function start(allowed: string): Promise<{ gateway: GatewayProcess; ports: { tcp: number; http: number } }> {
  const flags = ['--trust-proxy', '--proxy-cidr', '127.0.0.1/32', '--allow-cidr', allowed];
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return { gateway, ports: await startHaproxy(gateway.port) };
}

/** What HAProxy sends to a server that it checks. */
async function checkOfHaproxy(): Promise<Buffer> {
  const folder = temporaryFolder();
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const [status] = (await freePorts(1)) as [number];
  const { port } = server.address() as AddressInfo;
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
    log stdout format raw local0
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend status
    bind 127.0.0.1:${status}
    http-request return status 200
backend gateway
    option httpchk GET /healthz
    server gateway 127.0.0.1:${port} check inter 500ms send-proxy-v2
`,
  );
  const checked = once(server, 'connection').then(async ([socket]) => {
    const [bytes] = (await once(socket as Socket, 'data')) as [Buffer];
    (socket as Socket).destroy();
    return bytes;
  });
  const haproxy = new BalancerProcess('haproxy', ['-db', '-f', file], folder);
  onTestFinished(() => haproxy.stop());
  return checked;
}

/** What comes back from a port when a client writes these, one after the other. */
async function say(port: number, parts: readonly (Buffer | string)[], patience = 20): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: client });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => {});
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  await once(socket, 'connect');
  for (const part of parts) {
    if (socket.writable) socket.write(part);
    await sleep(300);
  }
  // Refused, let in, or cut off; what gets no answer at all is given up.
  for (let waited = 0; waited < patience && received === '' && !socket.destroyed; waited++) await sleep(50);
  return received;
}

test('the address is the client’s in both modes, whether header and request come together or apart', async () => {
  const { gateway, ports } = await start(`${client}/32`);
  for (const port of [ports.tcp, ports.http]) {
    expect(await say(port, [upgradeRequest()], 1000)).toMatch(/^HTTP\/1.1 101/);
    // HAProxy in mode tcp sends its header as soon as the client is connected.
    expect(await say(port, ['', upgradeRequest()], 1000)).toMatch(/^HTTP\/1.1 101/);
  }
  expect(new Set((await gateway.streams()).map(({ remoteAddress }) => remoteAddress))).toEqual(new Set([client]));
});

test('a check of HAProxy itself, which says LOCAL, comes from HAProxy', async () => {
  const gateway = await GatewayProcess.start(
    '--trust-proxy',
    '--proxy-cidr',
    '127.0.0.1/32',
    '--allow-cidr',
    '127.0.0.0/8',
  );
  onTestFinished(() => gateway.kill());
  const bytes = await checkOfHaproxy();
  const header = bytes.subarray(0, 16 + bytes.readUInt16BE(14));
  expect(header.subarray(0, 12)).toEqual(proxyHeader('1.2.3.4').subarray(0, 12));
  // Version 2, LOCAL; no family, so no address, whatever follows.
  expect([header[12], header[13]! >> 4]).toEqual([0x20, 0]);
  const upgrade = Buffer.concat([header, Buffer.from(upgradeRequest())]);
  await eventually(async () => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' });
    onTestFinished(() => {
      socket.destroy();
    });
    socket.write(upgrade);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    // A gateway whose machine is busy may say 503.
    return answer.includes(' 101 ');
  });
  expect((await gateway.streams()).map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.1']);
});

test('a client cannot write itself another address, wherever it puts a PROXY header', async () => {
  const { gateway, ports } = await start('52.112.0.0/14');
  const get = 'GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n';
  const forwarded = upgradeRequest('/audio', ['X-Forwarded-For: 52.112.9.9']);
  for (const port of [ports.tcp, ports.http]) {
    expect(await say(port, [upgradeRequest()], 1000)).toMatch(/^HTTP\/1.1 403/);
    for (const command of [1, 0]) {
      const forged = Buffer.concat([proxyHeader('52.112.9.9', command), Buffer.from(upgradeRequest())]);
      for (const parts of [
        [forged],
        [get, forged],
        [upgradeRequest('/nonsense'), forged],
        [Buffer.concat([Buffer.from(get), forged])],
        [proxyHeader('52.112.9.9', command), upgradeRequest()],
      ]) {
        expect(await say(port, parts)).not.toContain(' 101 ');
      }
    }
  }
  // What a proxy passes on unread is the client's word.
  expect(await say(ports.tcp, [forwarded])).not.toContain(' 101 ');
  expect(await gateway.streams()).toEqual([]);
});

test('a PROXY header before TLS ends the handshake: whoever sends one must end TLS as well', async () => {
  const folder = temporaryFolder();
  const { cert, key } = selfSignedCertificate();
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const tls = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  const gateway = await GatewayProcess.start('--trust-proxy', '--proxy-cidr', '127.0.0.1/32', ...tls);
  onTestFinished(() => gateway.kill());
  const handshake = async (before: Buffer | null) => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' });
    await once(socket, 'connect');
    if (before !== null) socket.write(before);
    const secure = connectTls({ socket, rejectUnauthorized: false });
    onTestFinished(() => {
      secure.destroy();
    });
    return new Promise<boolean>((resolve) => {
      secure.once('secureConnect', () => resolve(true));
      secure.once('error', () => resolve(false));
      secure.once('close', () => resolve(false));
    });
  };
  expect(await handshake(null)).toBe(true);
  expect(await handshake(proxyHeader('52.112.9.9'))).toBe(false);
});
