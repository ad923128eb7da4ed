/** Which binaries of uWebSockets.js belong to which Node.js, and what to do where they cannot be loaded. Pure, but for the question which libc this is. */

/** From which version on; the oldest glibc with which it works; for how long a connection that is silent before its upgrade may last. */
const packages = [
  {
    name: 'uWebSockets.js-24',
    major: 24,
    glibc: '2.38',
    systems: 'Debian 13, Ubuntu 24.04 or later',
    silentMsMax: 30_000,
  },
  { name: 'uWebSockets.js', major: 0, glibc: '2.28', systems: 'Debian 10, Ubuntu 20.04 or later', silentMsMax: 10_000 },
] as const;

function packageOf(node: string): (typeof packages)[number] {
  const major = Number(node.split('.')[0]);
  return packages.find((each) => major >= each.major) ?? packages[1];
}

/** The name under which package.json has it. @param node a version */
export function uwsPackage(node: string): string {
  return packageOf(node).name;
}

/** It cuts off a connection that has not become a stream after so long. @param node a version */
export function uwsSilentMsMax(node: string): number {
  return packageOf(node).silentMsMax;
}

/** Null: no glibc. Undefined: not Linux. */
function glibcVersion(): string | null | undefined {
  if (process.platform !== 'linux') return undefined;
  const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ?? null;
}

function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/**
 * In one sentence what to do when a package's binary cannot be loaded.
 * @param error what Node.js said
 * @param glibc for tests
 */
export function nativeProblem(
  name: string,
  error: string,
  node = process.versions.node,
  glibc = glibcVersion(),
): string {
  const { glibc: least, systems } = packageOf(node);
  const needed = `uWebSockets.js for Node.js ${node.split('.')[0]} needs glibc ${least} or later (${systems})`;
  if (glibc === null) return `${needed}, this system has none, as Alpine: use an image that is made of Debian`;
  if (glibc !== undefined && isOlder(glibc, least)) {
    const other = least === '2.38' ? 'use Node.js 22, or a newer system' : 'use a newer system';
    return `${needed}, this system has ${glibc}: ${other}`;
  }
  if (/ERR_MODULE_NOT_FOUND|Cannot find (package|module)/.test(error)) {
    return `the package ${name} is not installed: run npm install again, with optional dependencies`;
  }
  return `uWebSockets.js has no binary for Node.js ${node} on ${process.platform} ${process.arch}, or cannot load it: ${error.split('\n').at(-1)}`;
}
