/** `wss://` without a proxy: the certificate is the one in the files, also after they have changed, and no stream notices. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';

class Files {
  readonly cert: string;
  readonly key: string;
  readonly flags: readonly string[];

  constructor() {
    const folder = temporaryFolder();
    this.cert = join(folder, 'cert.pem');
    this.key = join(folder, 'key.pem');
    this.flags = ['--tls-cert', this.cert, '--tls-key', this.key];
  }

  /** Returns the fingerprint of the new certificate. */
  renew(): string {
    const { cert, key } = selfSignedCertificate();
    writeFileSync(this.cert, cert);
    writeFileSync(this.key, key);
    return new X509Certificate(cert).fingerprint256;
  }
}

/** The fingerprint of the certificate that a port shows. */
async function shown(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test('calls come over wss, and in the clear nobody gets an answer', async () => {
  const files = new Files();
  files.renew();
  const gateway = await GatewayProcess.start(...files.flags);
  onTestFinished(() => gateway.kill());
  const url = gateway.url.replace('ws:', 'wss:');
  const report = await simulateCalls({ url, calls: 5, participants: 2, durationMs: 1000, seed: 3, insecure: true });
  expect(report.ok).toBe(true);
  expect((await gateway.metrics()).get('frames_committed_total')).toBe(500);
  const plain = new WebSocket(gateway.url);
  await expect(once(plain, 'open')).rejects.toThrow();
});

test('a renewed certificate is shown to new connections, and open streams continue', async () => {
  const files = new Files();
  const first = files.renew();
  const gateway = await GatewayProcess.start(...files.flags);
  onTestFinished(() => gateway.kill());
  const url = gateway.url.replace('ws:', 'wss:');
  expect(await shown(gateway.port)).toBe(first);
  const socket = new WebSocket(url, { rejectUnauthorized: false });
  await once(socket, 'open');
  socket.send(metadata());
  socket.send(audio(0));

  const second = files.renew();
  // Who is being accepted in the very instant is reset, and dials again.
  await eventually(async () => (await shown(gateway.port).catch(() => null)) === second);
  await eventually(() => gateway.log.some(({ msg }) => msg === 'certificate renewed'));
  socket.send(audio(1));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);

  // A key that does not belong to it, as when only one of the two has been written yet.
  writeFileSync(files.key, selfSignedCertificate().key);
  await eventually(() => gateway.log.some(({ msg }) => msg === 'certificate cannot be renewed'));
  expect(await shown(gateway.port)).toBe(second);
  socket.send(audio(2));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 3);
  socket.close(1000);
  const { code, last } = await gateway.drain();
  expect([code, last['unaccounted']]).toEqual([0, 0]);
});

test('a certificate that cannot be used is a bad setting', async () => {
  const files = new Files();
  files.renew();
  writeFileSync(files.key, selfSignedCertificate().key);
  for (const flags of [files.flags, ['--tls-cert', '/nowhere.pem', '--tls-key', files.key]]) {
    const { code, stderr } = await runCommand(['serve', '--port', '0', '--admin-port', '0', ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--tls-cert')]);
  }
  const { code, stderr } = await runCommand(['serve', '--tls-cert', files.cert]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('expected both')]);
});
