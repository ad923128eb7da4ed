/** A disk that does not answer for a while: an ext4 of its own, frozen. Only root may make one. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Sparse: what nobody writes takes no room. */
const diskBytes = 512 * 1024 * 1024;

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}

export class FrozenDisk {
  readonly folder: string;
  private readonly base = mkdtempSync(join(tmpdir(), 'acs-frozen-disk-'));
  private isFrozen = false;

  /** Throws where it is not allowed. */
  constructor() {
    this.folder = join(this.base, 'disk');
    const image = join(this.base, 'image');
    try {
      writeFileSync(image, '');
      truncateSync(image, diskBytes);
      mkdirSync(this.folder);
      run('mkfs.ext4', '-q', '-F', image);
      run('mount', '-o', 'loop', image, this.folder);
    } catch (error) {
      rmSync(this.base, { recursive: true });
      throw error;
    }
  }

  freeze(): void {
    run('fsfreeze', '-f', this.folder);
    this.isFrozen = true;
  }

  thaw(): void {
    if (this.isFrozen) run('fsfreeze', '-u', this.folder);
    this.isFrozen = false;
  }

  remove(): void {
    this.thaw();
    run('umount', '-l', this.folder);
    rmSync(this.base, { recursive: true });
  }
}

export function frozenDisk(): FrozenDisk {
  const disk = new FrozenDisk();
  onTestFinished(() => disk.remove());
  return disk;
}
