/**
 * Stand-ins for the public images that deploy/ names, made from Debian's packages, because this machine can fetch no image.
 * They have the names of the public ones and behave like them as far as deploy/ relies on it: user, entrypoint, folders.
 */
import { cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { packageVersion } from '../../src/base/version.ts';
import { debianRoot } from './debian-root.ts';
import { type ContainerEngine, must } from './engine.ts';

const root = resolve(import.meta.dirname, '../..');
export const gatewayImage = 'localhost/acs-audio-gateway';
export const buildArguments = { VERSION: packageVersion(), REVISION: '0123456789abcdef0123456789abcdef01234567' };

/** The authorities that this machine trusts: npm in the build then reaches what npm reaches here. */
const certificates = '/etc/ssl/certs/ca-certificates.crt';

function containerfile(engine: ContainerEngine, name: string, lines: readonly string[]): string {
  const file = join(engine.folder, `${name}.containerfile`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** debian:bookworm-slim and node:22-bookworm-slim, the latter with the Node.js of this clone and this machine's npm. */
export function buildBases(engine: ContainerEngine): void {
  const debian = debianRoot();
  const slim = containerfile(engine, 'debian', ['FROM scratch', `ADD ${basename(debian)} /`, 'CMD ["bash"]']);
  engine.build('docker.io/library/debian:bookworm-slim', slim, dirname(debian));

  const context = join(engine.folder, 'node');
  mkdirSync(context);
  cpSync(join(root, 'node_modules/node/bin/node'), join(context, 'node'));
  const npm = dirname(dirname(realpathSync(must('sh', ['-c', 'command -v npm']).trim())));
  cpSync(npm, join(context, 'npm'), { recursive: true, dereference: true });
  if (existsSync(certificates)) cpSync(certificates, join(context, 'ca.crt'));
  else writeFileSync(join(context, 'ca.crt'), '');
  const node = containerfile(engine, 'node', [
    'FROM docker.io/library/debian:bookworm-slim',
    'COPY node /usr/local/bin/node',
    'COPY npm /usr/local/lib/node_modules/npm',
    'COPY ca.crt /etc/ssl/certs/ca-certificates.crt',
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
    `ENV NODE_EXTRA_CA_CERTS=${certificates} npm_config_cafile=${certificates}`,
    'ENTRYPOINT ["docker-entrypoint.sh"]',
    'CMD ["node"]',
  ]);
  engine.build('docker.io/library/node:22-bookworm-slim', node, context);
}

/** The project's own Dockerfile, as it is. */
export function buildGateway(engine: ContainerEngine): void {
  const args = Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  engine.build(gatewayImage, join(root, 'deploy/Dockerfile'), root, ...args);
}

/** How each public image differs from one with Debian's packages. Grafana is not in Debian. */
const services: Readonly<Record<string, readonly string[]>> = {
  haproxy: [
    'USER haproxy',
    'STOPSIGNAL SIGUSR1',
    'CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]',
  ],
  nats: ['ENTRYPOINT ["nats-server"]'],
  'prom/prometheus': ['RUN install -d -o nobody -g nogroup /prometheus', 'USER nobody', 'ENTRYPOINT ["prometheus"]'],
  'prom/alertmanager': [
    'RUN install -d -o nobody -g nogroup /alertmanager',
    'USER nobody',
    'ENTRYPOINT ["prometheus-alertmanager"]',
  ],
};

/** Whether an image of the compose file can be had here. */
export function hasStandIn(image: string): boolean {
  return image === 'acs-audio-gateway' || services[image.split(':')[0]!] !== undefined;
}

/** Makes the stand-ins for these images. */
export function buildServices(engine: ContainerEngine, images: readonly string[]): void {
  const packages = 'haproxy nats-server prometheus prometheus-alertmanager openssl wget';
  const all = containerfile(engine, 'services', [
    'FROM docker.io/library/debian:bookworm-slim',
    `RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*`,
  ]);
  engine.build('localhost/services', all, engine.folder);
  for (const image of images) {
    const [name] = image.split(':');
    const lines = ['FROM localhost/services', ...services[name!]!];
    const file = containerfile(engine, name!.replace('/', '-'), lines);
    engine.build(`docker.io/${name!.includes('/') ? '' : 'library/'}${image}`, file, engine.folder);
  }
}
