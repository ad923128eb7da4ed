/** The parts of a dashboard's JSON that tests look at. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFolder } from '../../grafana/generate.ts';

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  readonly format?: string;
}

export interface LinkJson {
  readonly title: string;
  readonly url?: string;
  readonly keepTime?: boolean;
  readonly includeVars?: boolean;
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly Target[];
  readonly links?: readonly LinkJson[];
}

export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly PanelJson[];
  readonly links: readonly LinkJson[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: string | { readonly query: string };
      readonly multi?: boolean;
      readonly includeAll?: boolean;
    }[];
  };
}

export const names = ['fleet', 'audio-quality', 'internals'] as const;

export function readDashboard(name: string): DashboardJson {
  return JSON.parse(readFileSync(join(generatedFolder, `${name}.json`), 'utf8'));
}

/** The panels that show data: no headings, no words. */
export function dataPanels({ panels }: DashboardJson): PanelJson[] {
  return panels.filter(({ type }) => type !== 'row' && type !== 'text');
}
