/**
 * Builds the console's page where that has not been done: a clone that is started with `--console` needs no second command. Node.js; the
 * installed package has the page, and not this file.
 */
import { type Dirent, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const built = join(root, 'dist/console');
/** What the page is made of. */
const sources = [import.meta.dirname, join(root, 'src/console/wire.ts'), join(root, 'package-lock.json')];

function newest(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  const entries: Dirent[] = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Math.max(...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}

/** It is missing, or older than what it is made of. */
export function isPageStale(folder = built): boolean {
  const page = join(folder, 'index.html');
  return !existsSync(page) || statSync(page).mtimeMs < Math.max(...sources.map(newest));
}

/** Throws what Vite says. */
export async function buildPage(folder = built): Promise<void> {
  // Assets have hashes in their names: those of another build would stay.
  rmSync(join(folder, 'assets'), { recursive: true, force: true });
  const { build } = await import('vite');
  await build({ configFile: join(import.meta.dirname, 'vite.config.ts'), build: { outDir: folder } });
}
