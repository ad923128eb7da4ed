/** The real HAProxy with the configuration of deploy/haproxy, with its TLS or without. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadInput } from '../../report/cli.ts';
import { certificateFiles } from '../certificate.ts';
import { freePort, hasProgram, ProxyProcess, proxyFolder } from './proxy-process.ts';
import { type ProxyOptions, publishedConfiguration, replaced } from './published.ts';

/** Besides the streams: checks, metrics. */
const connectionsBeside = 100;

/** The published configuration with as many gateways as there are, with or without TLS, with one thread or as many as cores. */
export function haproxyConfiguration(ports: readonly number[], isTls: boolean, isSingle = false): string {
  const published = publishedConfiguration('haproxy/haproxy.cfg');
  const text = isSingle ? replaced(published, /^global$/m, 'global\n    nbthread 1') : published;
  const tls = /^( *bind "\$\{BALANCER_BIND[^"]*") ssl crt .*$/m;
  const bound = replaced(text, tls, isTls ? '$&' : '$1');
  const servers = ports.map((port, i) => `    server gateway-${i + 1} 127.0.0.1:${port}`).join('\n');
  return replaced(bound, /^ {4}server gateway-1 .*\n {4}server gateway-2 .*$/m, servers);
}

export async function startHaproxy({
  ports,
  streamsMost,
  isTls,
  isSingle = false,
}: ProxyOptions): Promise<ProxyProcess> {
  if (!hasProgram('haproxy')) throw new BadInput('haproxy is missing: apt-get install haproxy');
  const folder = proxyFolder();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, haproxyConfiguration(ports, isTls, isSingle));
  const port = await freePort();
  return ProxyProcess.start({
    program: 'haproxy',
    args: ['-db', '-f', file],
    folder,
    port,
    env: {
      BALANCER_BIND: `127.0.0.1:${port}`,
      BALANCER_STATUS_BIND: `127.0.0.1:${await freePort()}`,
      BALANCER_CERTIFICATE_BIND: `127.0.0.1:${await freePort()}`,
      BALANCER_SOCKET: join(folder, 'admin.sock'),
      BALANCER_STREAMS: String(streamsMost),
      BALANCER_MAXCONN: String(streamsMost + connectionsBeside),
      // All streams come from one address.
      BALANCER_HANDSHAKES: '1000000',
      // Also without TLS for streams: there is a port that shows when it ends.
      BALANCER_CERTIFICATE: certificateFiles().both,
    },
  });
}
