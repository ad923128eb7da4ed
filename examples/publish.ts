/** Puts the examples into the package, as they stand in a project that has installed it. Runs before `npm pack`. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const target = join(import.meta.dirname, '../dist/examples');
const here = /'(\.\.\/)+src\/index\.ts'/g;

const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const { name } of folders) cpSync(join(import.meta.dirname, name), join(target, name), { recursive: true });
for (const name of readdirSync(target, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.ts')) continue;
  const file = join(target, name);
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(here, "'acs-audio-gateway'"));
}
