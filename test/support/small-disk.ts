/** A file system of one megabyte, so that a disk can be full for real. Only root may mount one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const smallDiskBytes = 1024 * 1024;

/** Where it is mounted, until the test is over; null where that is not allowed. */
function mountSmallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'acs-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${smallDiskBytes}`, 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
}

function unmount(folder: string): void {
  // Lazily: whoever still has a file open there must not keep it for ever.
  execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
  rmSync(folder, { recursive: true });
}

export const canMount: boolean = (() => {
  const folder = mountSmallDisk();
  if (folder !== null) unmount(folder);
  return folder !== null;
})();

export function smallDisk(): string {
  const folder = mountSmallDisk();
  if (folder === null) throw new Error('mount -t tmpfs is not allowed here');
  onTestFinished(() => unmount(folder));
  return folder;
}
