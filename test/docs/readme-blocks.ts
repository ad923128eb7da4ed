/** The blocks of code of the README, in order, so that tests run what it says and not what we think that it says. */
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

export function readmeBlocks(): Block[] {
  const readme = readFileSync(join(resolve(import.meta.dirname, '../..'), 'README.md'), 'utf8');
  const blocks: Block[] = [];
  let section = '';
  for (const { groups } of readme.matchAll(part)) {
    if (groups!['heading'] !== undefined) section = groups!['heading'];
    else blocks.push({ language: groups!['language']!, code: groups!['code']!, section });
  }
  return blocks;
}

/** The same commands on other ports: those of the README may be taken. */
export function onPorts(code: string, ports: ReadonlyMap<number, number>): string {
  return code.replace(/\b\d{4}\b/g, (port) => String(ports.get(Number(port)) ?? port));
}
