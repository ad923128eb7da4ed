/**
 * Which sources decide what the pictures of docs/images show that no test can draw again, such as a terminal. A picture's mark is a hash
 * of them, kept in docs/images/sources.json when it is made; a test compares, so that no picture is older than the product.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const recordFile = join(import.meta.dirname, 'images/sources.json');

interface PictureSource {
  /** Files and folders. */
  readonly files: readonly string[];
  readonly remedy: string;
}

/** Of the page: what decides how it looks. What it is made to do may change under a picture. */
const pageLooks = {
  overview: ['totals.tsx', 'columns.tsx', 'meters.ts'],
  call: ['lanes.tsx', 'draw-lane.ts', 'draw-times.ts', 'account.tsx'],
  login: ['login.tsx'],
};

const consolePictures = Object.entries(pageLooks).flatMap(([page, parts]) => {
  const style = page === 'login' ? [] : [`console/src/style/${page}.css`];
  const files = ['console/src/style/base.css', ...style, ...parts.map((part) => `console/src/${part}`)];
  const source: PictureSource = { files, remedy: '`npm run docs:console`' };
  return ['dark', 'light'].map((theme) => [`console-${page}-${theme}.png`, source] as const);
});

const dashboard: PictureSource = {
  files: ['docs/dashboards.ts', 'grafana/dashboards', 'grafana/panel.ts', 'grafana/table.ts', 'grafana/preview'],
  remedy: '`npm run docs:dashboards`',
};

export const pictureSources: Readonly<Record<string, PictureSource>> = {
  ...Object.fromEntries(consolePictures),
  'dashboard-fleet.png': dashboard,
  'dashboard-audio-quality.png': dashboard,
  'dashboard-internals.png': dashboard,
  'both-sides.svg': {
    files: ['docs/waveforms.ts', 'src/simulator/voice.ts', 'src/simulator/score.ts'],
    remedy: '`npm run docs:waveforms`',
  },
  'call-file.svg': {
    files: ['docs/waveforms.ts', 'src/simulator/voice.ts', 'src/simulator/score.ts'],
    remedy: '`npm run docs:waveforms`',
  },
  'terminal.svg': {
    files: [
      'src/base/log-line.ts',
      'src/simulator/line.ts',
      'src/simulator/summary.ts',
      'docs/terminal.ts',
      'docs/terminal-svg.ts',
    ],
    remedy: '`npm run docs:terminal`',
  },
};

function filesOf(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const names = readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).sort();
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${path}/${name}`);
}

/** What a comment says is in no picture. */
function codeOf(file: string): string {
  return readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

/** Of the sources as they are now. */
export function sourcesMark(picture: string): string {
  const hash = createHash('sha256');
  for (const file of pictureSources[picture]!.files.flatMap(filesOf)) hash.update(`${file}\n`).update(codeOf(file));
  return hash.digest('hex').slice(0, 12);
}

/** Records that these pictures show what the sources say now. */
export function recordSources(pictures: readonly string[]): void {
  const before = JSON.parse(readFileSync(recordFile, 'utf8')) as Record<string, string>;
  const marks = Object.fromEntries(pictures.map((name) => [name, sourcesMark(name)]));
  const all = Object.entries({ ...before, ...marks }).sort(([a], [b]) => a.localeCompare(b));
  writeFileSync(recordFile, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
}
