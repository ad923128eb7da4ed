/** What the preview reads of the generated JSON, and the data that belongs to it. */
import type { Step } from './color.ts';
import type { Range, Series } from './prometheus.ts';

export interface Property {
  readonly id: string;
  readonly value: unknown;
}

export interface TargetJson {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
}

export interface PanelJson {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly TargetJson[];
  readonly transformations?: readonly { readonly id: string; readonly options: OrganizeOptions }[];
  readonly options?: { readonly content?: string };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly decimals?: number;
      readonly max?: number;
      readonly noValue?: string;
      readonly thresholds?: { readonly steps: readonly Step[] };
      readonly custom?: {
        readonly fillOpacity?: number;
        readonly axisSoftMax?: number;
        readonly stacking?: { readonly mode: string };
        readonly thresholdsStyle?: { readonly mode: string };
      };
    };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly Property[];
    }[];
  };
}

export interface OrganizeOptions {
  readonly excludeByName?: Readonly<Record<string, boolean>>;
  readonly indexByName?: Readonly<Record<string, number>>;
  readonly renameByName?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly target: TargetJson;
  readonly series: readonly Series[];
}

export interface Mark {
  readonly time: number;
  readonly color: string;
  readonly text: string;
}

/** A panel, what its queries answered, and what happened in the meantime. */
export interface View {
  readonly panel: PanelJson;
  readonly answers: readonly Answer[];
  readonly range: Range;
  readonly marks: readonly Mark[];
  /** Pixels inside of the frame. */
  readonly width: number;
  readonly height: number;
}

/** The properties that overrides give the field of this name. */
export function overridesOf({ fieldConfig }: PanelJson, name: string): ReadonlyMap<string, unknown> {
  const found = (fieldConfig?.overrides ?? []).filter(({ matcher }) => matcher.options === name);
  return new Map(found.flatMap(({ properties }) => properties.map(({ id, value }) => [id, value] as const)));
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
