/** Reads every file below deploy/, each kind strictly: a file of a kind that nobody can read is an error, not left out. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const root = resolve(import.meta.dirname, '../..');

export interface DeployedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** `[Section]`, `Key=value`, comments, nothing else. */
function checkUnit(text: string): void {
  for (const line of text.split('\n')) {
    if (!/^$|^#|^\[(Unit|Service|Install)\]$|^[A-Z]\w+=/.test(line)) throw new Error(`not a line of a unit: ${line}`);
  }
}

/** `NAME=value` without quotes and comments, nothing else. */
function checkEnvironment(text: string): void {
  for (const line of text.split('\n')) {
    if (!/^$|^#|^[A-Z][A-Z0-9_]*=[^\s'"#]*$/.test(line)) throw new Error(`not a line of an environment file: ${line}`);
  }
}

function checkYaml(text: string): void {
  for (const { errors } of parseAllDocuments(text, { merge: true })) if (errors.length > 0) throw errors[0]!;
}

/** Configurations that their own programs judge, in other tests. */
function checkNothing(): void {}

const readers: Readonly<Record<string, (text: string) => void>> = {
  '.yml': checkYaml,
  '.yaml': checkYaml,
  '.json': (text) => JSON.parse(text),
  '.service': checkUnit,
  '.env': checkEnvironment,
  '.cfg': checkNothing,
  '.conf': checkNothing,
  '.sh': checkNothing,
  '.ts': checkNothing,
  '.md': checkNothing,
  Dockerfile: checkNothing,
};

/** Throws if nobody can read the file. */
export function readDeployed(path: string, text: string): DeployedFile {
  const reader = readers[extname(path)] ?? readers[basename(path)];
  if (reader === undefined)
    throw new Error(`${path}: no reader for this kind of file: see test/deploy/deployed-files.ts`);
  try {
    reader(text);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
  return { path, text };
}

export function deployedFiles(): DeployedFile[] {
  return readdirSync(join(root, 'deploy'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
    .map((path) => readDeployed(path, readFileSync(join(root, path), 'utf8')));
}
