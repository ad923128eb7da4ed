/** The blocks of code of a page, in order, so that tests run what it says and not what we think that it says. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Block {
  /** `sh`, `js` … */
  readonly language: string;
  readonly code: string;
  /** The heading that it stands below; empty before the first one. */
  readonly section: string;
}

const part = /^## (?<heading>.*)$|^```(?<language>\w+)\n(?<code>[\s\S]*?)^```$/gm;

const root = resolve(import.meta.dirname, '../..');

export function readmeBlocks(): Block[] {
  return pageBlocks('README.md');
}

export function pageBlocks(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks: Block[] = [];
  let section = '';
  for (const { groups } of text.matchAll(part)) {
    if (groups!['heading'] !== undefined) section = groups!['heading'];
    else blocks.push({ language: groups!['language']!, code: groups!['code']!, section });
  }
  return blocks;
}

/** The same commands on other ports: those of the README may be taken. */
export function onPorts(code: string, ports: ReadonlyMap<number, number>): string {
  return code.replace(/\b\d{4}\b/g, (port) => String(ports.get(Number(port)) ?? port));
}
