/** The pages that people read, and what stands in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export interface Page {
  readonly path: string;
  readonly text: string;
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** README, CHANGELOG aside, everything in docs/, and the runbook. */
export function pages(): Page[] {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', 'SECURITY.md', 'grafana/runbook.md', ...docs.map((name) => `docs/${name}`)];
  return paths.map((path) => ({ path, text: read(path) }));
}

/** Text of all TypeScript below these folders. */
export function sourceText(...folders: readonly string[]): string {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('names.test.ts'))
        .map((name) => read(`${folder}/${name}`)),
    )
    .join('\n');
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf({ text }: Page): Set<string> {
  const plain = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const anchors = new Set<string>();
  for (const [, heading] of plain.matchAll(/^#+ (.*)$/gm)) {
    const words = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    anchors.add(words.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
  }
  return anchors;
}
