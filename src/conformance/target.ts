/**
 * The server under test and the credentials of a call. Pure; any thread. Invariant: a target without credentials, or with wrong
 * ones, differs from its original in nothing else.
 */
export interface Target {
  readonly url: URL;
  /** Sent with every upgrade, beside ACS's own and those of the handshake. */
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
}

export function targetOf(options: {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | null;
  readonly insecure?: boolean;
}): Target {
  const { url, headers = {}, token = null, insecure = false } = options;
  return {
    url: new URL(url),
    headers: token === null ? headers : { ...headers, Authorization: `Bearer ${token}` },
    insecure,
  };
}

const secretName = /auth|token|key|secret|password|cookie|signature|^sig$|^code$/i;

function isSecretPart(target: Target, name: string): boolean {
  return secretName.test(name) && (target.url.searchParams.has(name) || Object.hasOwn(target.headers, name));
}

/** Headers and query values that look like credentials. A secret in the path is not recognised. */
export function hasCredentials(target: Target): boolean {
  const names = [...Object.keys(target.headers), ...target.url.searchParams.keys()];
  return target.url.username !== '' || names.some((name) => isSecretPart(target, name));
}

/** Same length, same characters, wrong in the second half only: it takes a full comparison to detect. */
export function spoiled(secret: string): string {
  const space = secret.lastIndexOf(' ') + 1;
  const half = space + Math.floor((secret.length - space) / 2);
  return secret.slice(0, half) + secret.slice(half).replace(/[A-Za-z0-9]/g, (letter) => (letter === 'B' ? 'A' : 'B'));
}

function changed(target: Target, change: (secret: string) => string | null): Target {
  const url = new URL(target.url);
  url.username = '';
  url.password = '';
  for (const name of new Set(target.url.searchParams.keys())) {
    if (!secretName.test(name)) continue;
    const value = change(url.searchParams.get(name)!);
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  const headers: Record<string, string> = {};
  for (const [name, secret] of Object.entries(target.headers)) {
    const value = secretName.test(name) ? change(secret) : secret;
    if (value !== null) headers[name] = value;
  }
  return { ...target, url, headers };
}

export function withoutCredentials(target: Target): Target {
  return changed(target, () => null);
}

export function withWrongCredentials(target: Target): Target {
  return changed(target, spoiled);
}

export function withPath(target: Target, path: string): Target {
  const url = new URL(target.url);
  url.pathname = path;
  return { ...target, url };
}
