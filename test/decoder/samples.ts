/** The sample messages of test/samples, byte for byte; SOURCES.md there says where each comes from. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../samples/', import.meta.url);

export const sampleNames: readonly string[] = readdirSync(folder)
  .filter((name) => /^(in|out)-.*\.json$/.test(name))
  .sort();

export function sample(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

/** The only sample with a whole packet: the documentation example of 2022. */
export const wholePacketSample = 'in-audiodata-docs-2022-unmixed-16k-640B.json';
