/** A bare Debian, as small as its `slim` image, made by debootstrap from the mirror that this machine uses, and kept for the next run. Wants root. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const suite = 'bookworm';
const publicMirror = 'http://deb.debian.org/debian';
const makeMsMax = 300_000;
/** What the `slim` image of Debian leaves out, too. */
const needless = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'var/cache/apt',
  'var/lib/apt/lists',
];

/** Where this machine's packages come from, as its sources say it, in either of their two forms. */
function mirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...listed(folder).map((name) => join(folder, name))];
  for (const file of files) {
    const found = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(read(file));
    if (found !== null) return found[1]!;
  }
  return publicMirror;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * The folder that holds it, for copying. In ACS_DEBIAN_CACHE, else in the temporary folder, where only a folder of our own
 * is believed.
 */
export function debianRoot(): string {
  const cache = process.env['ACS_DEBIAN_CACHE'] ?? join(tmpdir(), 'acs-audio-gateway-debian');
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(cache);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error(`${cache} belongs to somebody else`);
  const folder = join(cache, suite);
  if (listed(cache).includes(suite)) return folder;

  // Under another name until it is complete: two runs at a time may make it.
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    const options = { encoding: 'utf8', timeout: makeMsMax, killSignal: 'SIGKILL' } as const;
    const args = ['--variant=minbase', suite, join(unfinished, suite), mirror()];
    const { status, stdout, stderr, error } = spawnSync('debootstrap', args, options);
    if (status !== 0) throw new Error(`debootstrap ended with ${status}: ${error?.message ?? ''}\n${stdout}${stderr}`);
    for (const name of needless) rmSync(join(unfinished, suite, name), { recursive: true });
    if (!listed(cache).includes(suite)) renameSync(join(unfinished, suite), folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}
