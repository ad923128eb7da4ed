/** HAProxy with deploy/haproxy/haproxy.cfg, which takes everything from its environment. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSignedCertificate } from '../support/certificate.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually } from '../support/gateway-process.ts';
import { type Balancer, type BalancerOptions, BalancerProcess, deploy, substitute } from './balancer.ts';

export const haproxyFile = join(deploy, 'haproxy/haproxy.cfg');

/** The environment that puts everything into the folder. */
export function haproxyEnvironment(options: BalancerOptions, port: number, statusPort: number): Record<string, string> {
  const { folder, gateways, silenceSeconds, hardStopSeconds, handshakes, streams, certificateDays, certificatePort } =
    options;
  const certificate = join(folder, 'gateway.pem');
  const { cert, key } = selfSignedCertificate(certificateDays);
  writeFileSync(certificate, cert + key);
  const variables: Record<string, string | undefined> = {
    GATEWAY_1: gateways[0],
    GATEWAY_2: gateways[1],
    BALANCER_BIND: `127.0.0.1:${port}`,
    BALANCER_CERTIFICATE: certificate,
    BALANCER_STATUS_BIND: `127.0.0.1:${statusPort}`,
    // As a rule nobody asks.
    BALANCER_CERTIFICATE_BIND:
      certificatePort === undefined ? `unix@${join(folder, 'certificate.sock')}` : `127.0.0.1:${certificatePort}`,
    BALANCER_SOCKET: join(folder, 'admin.sock'),
    // For machines with fewer file descriptors.
    BALANCER_STREAMS: String(streams ?? 1000),
    BALANCER_MAXCONN: '1100',
    BALANCER_HANDSHAKES: handshakes?.toString(),
    BALANCER_TUNNEL_TIMEOUT: silenceSeconds === undefined ? undefined : `${silenceSeconds}s`,
    BALANCER_HARD_STOP: hardStopSeconds === undefined ? undefined : `${hardStopSeconds}s`,
  };
  const given = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given);
}

/** The file itself, or a copy for somebody who is not root and so cannot become another user. */
export function configuration(folder: string): string {
  if (process.getuid?.() === 0) return haproxyFile;
  const copy = join(folder, 'haproxy.cfg');
  const text = readFileSync(haproxyFile, 'utf8');
  writeFileSync(copy, substitute(text, { '\n    user haproxy\n    group haproxy\n': '\n' }));
  return copy;
}

/** A command that stands at the top of the file, with everything in the folder. */
export function commandOf(begin: 'haproxy -W' | 'kill', folder: string): string {
  const found = readFileSync(haproxyFile, 'utf8').match(new RegExp(`^#   (${begin} .*?) {2,}#`, 'm'));
  if (found === null) throw new Error(`${haproxyFile}: no "${begin} …  # why" at its top`);
  const here = { '/run/haproxy/haproxy.pid': join(folder, 'haproxy.pid') };
  const command = substitute(found[1]!, here);
  return command.replace('deploy/haproxy/haproxy.cfg', configuration(folder));
}

/** What `haproxy -c` says about the file. */
export function checkHaproxy(options: BalancerOptions): { code: number | null; output: string } {
  const env = { ...process.env, ...haproxyEnvironment(options, 1, 2) };
  const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-f', configuration(options.folder)], { env });
  return { code: status, output: `${stdout}${stderr}` };
}

export async function startHaproxy(options: BalancerOptions): Promise<Balancer> {
  const [port, statusPort] = (await freePorts(2)) as [number, number];
  const env = haproxyEnvironment(options, port, statusPort);
  const { folder } = options;
  const haproxy = new BalancerProcess('sh', ['-c', `exec ${commandOf('haproxy -W', folder)}`], folder, env);
  const statusUrl = `http://127.0.0.1:${statusPort}`;
  await haproxy.ready(`${statusUrl}/healthz`);
  const loaded = () => haproxy.logs().split('Loading success').length - 1;
  // Before that its master takes no signal.
  await eventually(() => loaded() > 0);
  return {
    name: 'haproxy',
    port,
    statusUrl,
    process: haproxy,
    reload: () => {
      const before = loaded();
      return haproxy.reload('SIGUSR2', () => loaded() > before);
    },
  };
}
