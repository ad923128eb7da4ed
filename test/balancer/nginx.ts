/** nginx with deploy/nginx/nginx.conf, in which addresses and files are replaced as a user would: it knows no environment. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSignedCertificate } from '../support/certificate.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Balancer, type BalancerOptions, BalancerProcess, deploy, substitute } from './balancer.ts';

export const nginxFile = join(deploy, 'nginx/nginx.conf');

/** Writes the configuration into the folder. */
function configure(options: BalancerOptions, port: number, statusPort: number): string {
  const { folder, gateways, silenceSeconds, hardStopSeconds, handshakes, streams } = options;
  const { cert, key } = selfSignedCertificate();
  writeFileSync(join(folder, 'gateway.pem'), cert);
  writeFileSync(join(folder, 'gateway.key'), key);
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const changes: Record<string, string> = {
    'pid /run/nginx.pid;': `pid ${folder}/nginx.pid;`,
    'error_log /var/log/nginx/error.log notice;': `error_log ${folder}/logs/error.log notice;`,
    'error_log /var/log/nginx/error.log emerg;': `error_log ${folder}/logs/error.log emerg;`,
    'access_log /var/log/nginx/access.log streams;': `access_log ${folder}/logs/access.log streams;`,
    'server gateway-1:8080 ': `server ${gateways[0]} `,
    'server gateway-2:8080 ': `server ${gateways[1]} `,
    'listen 443 ssl ': `listen 127.0.0.1:${port} ssl `,
    'listen 127.0.0.1:8405;': `listen 127.0.0.1:${statusPort};`,
    'ssl_certificate /etc/nginx/certs/gateway.pem;': `ssl_certificate ${folder}/gateway.pem;`,
    'ssl_certificate_key /etc/nginx/certs/gateway.key;': `ssl_certificate_key ${folder}/gateway.key;`,
    // For machines with fewer file descriptors.
    'worker_rlimit_nofile 20000;': 'worker_rlimit_nofile 4000;',
    'worker_connections 19000;': 'worker_connections 3000;',
  };
  if (process.getuid?.() !== 0) changes['user www-data;'] = '';
  if (silenceSeconds) changes['proxy_read_timeout 2m;'] = `proxy_read_timeout ${silenceSeconds}s;`;
  if (hardStopSeconds) changes['worker_shutdown_timeout 4h;'] = `worker_shutdown_timeout ${hardStopSeconds}s;`;
  if (handshakes) changes['zone=handshakes burst=5000 nodelay;'] = `zone=handshakes burst=${handshakes} nodelay;`;
  if (handshakes) changes['rate=500r/s;'] = 'rate=1r/s;';
  if (streams) changes['limit_conn streams 9000;'] = `limit_conn streams ${streams};`;
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, substitute(readFileSync(nginxFile, 'utf8'), changes));
  return file;
}

/** What `nginx -t` says about the file. */
export function checkNginx(options: BalancerOptions): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('nginx', ['-t', '-p', options.folder, '-c', configure(options, 1, 2)]);
  return { code: status, output: `${stdout}${stderr}` };
}

export async function startNginx(options: BalancerOptions): Promise<Balancer> {
  const { folder } = options;
  const [port, statusPort] = (await freePorts(2)) as [number, number];
  const args = ['-p', folder, '-c', configure(options, port, statusPort), '-g', 'daemon off;'];
  const nginx = new BalancerProcess('nginx', args, folder);
  const statusUrl = `http://127.0.0.1:${statusPort}`;
  await nginx.ready(`${statusUrl}/healthz`);
  return {
    name: 'nginx',
    port,
    statusUrl,
    process: nginx,
    reload: () => {
      const before = new Set(nginx.workers());
      // All of them are new ones, or are on their way out.
      const started = () => nginx.workers().filter((pid) => !before.has(pid)).length;
      return nginx.reload(
        'SIGHUP',
        () => started() >= before.size || (started() > 0 && started() === nginx.workers().length),
      );
    },
  };
}
