/** Temporary folders, and the comparison of recordings with what was sent. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'acs-audio-gateway-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder with this ending, by its path within the folder. */
export function filesBelow(folder: string, ending: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (entry.endsWith(ending)) files.set(entry, readFileSync(join(folder, entry)));
  }
  return files;
}

/** What differs between recordings and what was sent: a line a file. Empty when all is the same, bit for bit. */
export function differences(recorded: Map<string, Buffer>, sent: Map<string, Buffer>): string[] {
  const lines: string[] = [];
  for (const [name, bytes] of sent) {
    const found = recorded.get(name);
    if (found === undefined) lines.push(`${name}: not recorded`);
    else if (!found.equals(bytes))
      lines.push(`${name}: ${found.length} bytes recorded, ${bytes.length} sent, or others`);
  }
  for (const name of recorded.keys()) if (!sent.has(name)) lines.push(`${name}: never sent`);
  return lines;
}
