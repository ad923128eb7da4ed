/**
 * Writes the dashboards as Grafana reads them to `grafana/generated/`. Run it after every change here: `npm run grafana`.
 * Invariant: the same code gives the same bytes.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DashboardName } from './dashboard.ts';
import { audioQuality } from './dashboards/audio-quality.ts';
import { fleet } from './dashboards/fleet.ts';
import { haproxy } from './dashboards/haproxy.ts';
import { internals } from './dashboards/internals.ts';

export const generatedFolder = resolve(import.meta.dirname, 'generated');

const builders: Readonly<Record<DashboardName | 'haproxy', () => Dashboard>> = {
  fleet,
  'audio-quality': audioQuality,
  internals,
  haproxy,
};

/** File names and their content. */
export function generate(): Map<string, string> {
  const files = Object.entries(builders).map(
    ([name, build]) => [`${name}.json`, `${JSON.stringify(build(), null, 2)}\n`] as const,
  );
  return new Map(files);
}

if (import.meta.main) {
  mkdirSync(generatedFolder, { recursive: true });
  for (const [name, content] of generate()) {
    writeFileSync(join(generatedFolder, name), content);
    console.log(`generated/${name}`);
  }
}
