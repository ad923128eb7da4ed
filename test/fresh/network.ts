/** How this machine reaches the npm registry: settings of its npm, variables and certificates. No credentials. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const npmSettings = ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl'];
const proxyVariables = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
/** Variables that name a file of certificates. */
const certificateVariables = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];

function npmSetting(name: string): string {
  const { stdout } = spawnSync('npm', ['config', 'get', name], { encoding: 'utf8', timeout: 30_000 });
  return stdout.trim();
}

export class NetworkSettings {
  readonly variables: Readonly<Record<string, string>>;
  /** Files that the variables name. */
  readonly files: readonly string[];

  private constructor(variables: Readonly<Record<string, string>>, files: readonly string[]) {
    this.variables = variables;
    this.files = files;
  }

  static ofThisMachine(): NetworkSettings {
    const variables: Record<string, string> = {};
    const files = new Set<string>();
    for (const name of npmSettings) {
      const value = npmSetting(name);
      if (value === 'null' || value === 'undefined' || value === '') continue;
      variables[`npm_config_${name.replaceAll('-', '_')}`] = value;
      if (name === 'cafile') files.add(value);
    }
    for (const name of [...proxyVariables, ...certificateVariables]) {
      const value = process.env[name];
      if (value === undefined || value === '') continue;
      variables[name] = value;
      if (certificateVariables.includes(name)) files.add(value);
    }
    return new NetworkSettings(
      variables,
      [...files].filter((file) => existsSync(file)),
    );
  }
}
