/** A small file system, of one megabyte as a rule, so that a disk can be full for real. Only root may mount one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const smallDiskBytes = 1024 * 1024;

function unmount(folder: string): void {
  // Lazily: whoever still has a file open there must not keep it for ever.
  execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
  rmSync(folder, { recursive: true });
}

/** Where it is mounted, until the test is over. */
export function smallDisk(bytes = smallDiskBytes): string {
  const folder = mkdtempSync(join(tmpdir(), 'acs-small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'ignore' });
  onTestFinished(() => unmount(folder));
  return folder;
}
