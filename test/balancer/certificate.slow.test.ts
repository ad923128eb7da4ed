/** The certificate of a real HAProxy: when it ends, as Prometheus sees it, and how a renewed one comes into use (renew.sh). */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { BalancerProcess, deploy } from './balancer.ts';
import { dial, hangUp } from './client.ts';
import { configuration, haproxyEnvironment } from './haproxy.ts';

const test = testNeeding('haproxy');
const daySeconds = 86_400;

function text(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: new Agent({ rejectUnauthorized: false }) }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}

/** The certificate that a port serves. */
async function served(port: number): Promise<X509Certificate> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate()!;
  socket.destroy();
  return certificate;
}

test('says on which day the certificate ends that it serves; a renewed one is served within seconds, and streams continue', async () => {
  const gateway = await GatewayProcess.start('--trust-proxy', '--proxy-cidr', '127.0.0.1/32');
  onTestFinished(() => gateway.kill());
  const folder = temporaryFolder();
  const certificates = join(folder, 'certs');
  mkdirSync(certificates);
  const [port, statusPort, certificatePort, masterPort] = (await freePorts(4)) as [number, number, number, number];
  const address = `127.0.0.1:${gateway.port}`;
  const options = { folder, gateways: [address, address] as const, certificatePort };
  // As cert-manager names them and deploy/azure mounts them: the key beside the certificate.
  const install = (days: number) => {
    const { cert, key } = selfSignedCertificate(days);
    for (const [name, content] of [
      ['gateway.pem', cert],
      ['gateway.pem.key', key],
    ] as const) {
      writeFileSync(join(folder, 'new'), content);
      renameSync(join(folder, 'new'), join(certificates, name));
    }
    return new X509Certificate(cert);
  };
  const first = install(40);
  const env = {
    ...haproxyEnvironment(options, port, statusPort),
    BALANCER_CERTIFICATE: join(certificates, 'gateway.pem'),
  };
  const haproxy = new BalancerProcess(
    'haproxy',
    ['-W', '-f', configuration(folder), '-S', `127.0.0.1:${masterPort}`],
    folder,
    env,
  );
  onTestFinished(() => haproxy.stop());
  await haproxy.ready(`http://127.0.0.1:${statusPort}/healthz`);
  const renew = spawn('bash', [join(deploy, 'kubernetes/components/balancer/renew.sh')], {
    stdio: 'ignore',
    env: {
      ...process.env,
      BALANCER_CERTIFICATES: certificates,
      BALANCER_MASTER_PORT: String(masterPort),
      BALANCER_RENEW_SECONDS: '1',
    },
  });
  onTestFinished(() => void renew.kill('SIGKILL'));

  const expiry = async () => {
    const exposition = await text(`https://127.0.0.1:${certificatePort}/metrics`);
    expect(exposition).toMatch(/^# HELP .*\n# TYPE acs_balancer_certificate_expiry_timestamp_seconds gauge\n/);
    return Number(/^acs_balancer_certificate_expiry_timestamp_seconds (\d+)$/m.exec(exposition)![1]);
  };
  const day = (certificate: X509Certificate) =>
    Math.floor(Date.parse(certificate.validTo) / 1000 / daySeconds) * daySeconds;
  expect(await expiry()).toBe(day(first));
  await eventually(async () => (await fetch(`http://127.0.0.1:${statusPort}/healthz`)).status === 200);
  const caller = await dial(`wss://127.0.0.1:${port}/audio`);
  expect(caller.status).toBe(101);

  const second = install(90);
  await eventually(async () => (await served(port)).fingerprint256 === second.fingerprint256);
  expect(await expiry()).toBe(day(second));
  expect(caller.socket.readyState).toBe(caller.socket.OPEN);
  expect(await hangUp(caller)).toBe(1000);

  // Without its key it is refused, and the one before stays in use.
  unlinkSync(join(certificates, 'gateway.pem.key'));
  await eventually(() => /No Private Key|unable to load/i.test(haproxy.logs()));
  expect((await served(port)).fingerprint256).toBe(second.fingerprint256);

  // As the kubelet does it: by the signal of HAProxy's image.
  renew.kill('SIGUSR1');
  const [code] = await once(renew, 'exit');
  expect(code).toBe(0);
});
