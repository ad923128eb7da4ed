/** The real nginx with the configuration of deploy/nginx and its TLS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadInput } from '../../report/cli.ts';
import { type CertificateFiles, certificateFiles } from '../certificate.ts';
import { freePort, hasProgram, ProxyProcess, proxyFolder } from './proxy-process.ts';
import { type ProxyOptions, publishedConfiguration, replaced } from './published.ts';

export interface NginxPlace {
  /** For its logs and its pid. */
  readonly folder: string;
  readonly port: number;
  readonly statusPort: number;
  readonly files: Pick<CertificateFiles, 'cert' | 'key'>;
  readonly isSingle: boolean;
}

/** The published configuration with as many gateways as there are; it knows no variables of the environment. */
export function nginxConfiguration(ports: readonly number[], place: NginxPlace, isRoot: boolean): string {
  const { folder, port, statusPort, files, isSingle } = place;
  const servers = ports.map((gateway) => `        server 127.0.0.1:${gateway} max_fails=0;`).join('\n');
  const changes: readonly (readonly [RegExp, string])[] = [
    [/^ {8}server gateway-1:8080 .*\n {8}server gateway-2:8080 .*$/m, servers],
    [/(?<=^pid )[^;]*(?=;)/m, `${folder}/nginx.pid`],
    [/\/var\/log\/nginx\//g, `${folder}/`],
    [/(?<=^ *listen )443(?= ssl )/m, `127.0.0.1:${port}`],
    [/(?<=^ *listen )127\.0\.0\.1:8405(?=;)/m, `127.0.0.1:${statusPort}`],
    [/(?<=^ *ssl_certificate )[^;]*(?=;)/m, files.cert],
    [/(?<=^ *ssl_certificate_key )[^;]*(?=;)/m, files.key],
    // All streams come from one address.
    [/(?<=zone=handshakes:10m rate=)\d+(?=r\/s;)/m, '100000'],
    ...(isSingle ? [[/(?<=^worker_processes )auto(?=;)/m, '1'] as const] : []),
    ...(isRoot ? [] : [[/^user .*\n/m, ''] as const]),
  ];
  return changes.reduce(
    (text, [pattern, by]) => replaced(text, pattern, by),
    publishedConfiguration('nginx/nginx.conf'),
  );
}

export async function startNginx({
  ports,
  isSingle = false,
}: Omit<ProxyOptions, 'streamsMost' | 'isTls'>): Promise<ProxyProcess> {
  if (!hasProgram('nginx')) throw new BadInput('nginx is missing: apt-get install nginx');
  const folder = proxyFolder();
  const file = join(folder, 'nginx.conf');
  const port = await freePort();
  const place = { folder, port, statusPort: await freePort(), files: certificateFiles(), isSingle };
  writeFileSync(file, nginxConfiguration(ports, place, process.getuid?.() === 0));
  return ProxyProcess.start({ program: 'nginx', args: ['-p', folder, '-c', file, '-g', 'daemon off;'], folder, port });
}
