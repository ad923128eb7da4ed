/**
 * Tables: a row per label value, a column per query, all of one moment. Pure. Invariant: the queries share the labels in
 * `rows`, so that their answers merge into one row each.
 */
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { datasource, type PanelSpec, query } from './panel.ts';
import { steps, type Watch } from './threshold.ts';

export interface Column extends Watch {
  readonly name: string;
  readonly expr: string;
  readonly unit: string;
  readonly decimals?: number;
  /** Words for numbers: `up` in green for 1. */
  readonly words?: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
}

export interface TableSpec extends PanelSpec {
  /** Labels that become columns, with their headings, before the others. */
  readonly labels: Readonly<Record<string, string>>;
  readonly columns: readonly Column[];
  /** Queries that only bring a label. */
  readonly labelOnly?: readonly string[];
}

const minWidth = 70;

function columnLooks({ unit, decimals, words, ...watch }: Column): DynamicConfigValue[] {
  const looks: DynamicConfigValue[] = [{ id: 'unit', value: unit }];
  if (decimals !== undefined) looks.push({ id: 'decimals', value: decimals });
  if (watch.alert !== undefined) {
    looks.push({ id: 'thresholds', value: { mode: 'absolute', steps: steps('text', watch) } });
    looks.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
  }
  if (words !== undefined) {
    const options = Object.fromEntries(
      Object.entries(words).map(([value, look], index) => [value, { ...look, index }]),
    );
    looks.push({ id: 'mappings', value: [{ type: 'value', options }] });
    looks.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
  }
  return looks;
}

export function table(spec: TableSpec): Panel {
  const exprs = [...spec.columns.map(({ expr }) => expr), ...(spec.labelOnly ?? [])];
  const single = exprs.length === 1;
  const valueField = (index: number) => (single ? 'Value' : `Value #${String.fromCharCode(65 + index)}`);
  const headings = [...Object.values(spec.labels), ...spec.columns.map(({ name }) => name)];
  const left = [
    'Time',
    '__name__',
    ...(spec.labelOnly ?? []).map((_, index) => valueField(spec.columns.length + index)),
  ];
  const sources = [...Object.keys(spec.labels), ...spec.columns.map((_, index) => valueField(index))];
  const builder = new TableBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(datasource)
    .unit(spec.unit)
    .height(spec.size.h)
    .span(spec.size.w)
    .noValue('none')
    .minWidth(minWidth)
    .showHeader(true)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: 'text' }]))
    .targets(exprs.map((expr, index) => query([expr, ''], index).format(PromQueryFormat.Table).instant()))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(left.map((name) => [name, true])),
        indexByName: Object.fromEntries(sources.map((name, index) => [name, index])),
        renameByName: Object.fromEntries(sources.map((name, index) => [name, headings[index]!])),
      },
    });
  for (const column of spec.columns) builder.overrideByName(column.name, columnLooks(column));
  return builder.build();
}
