/**
 * Panels in one style: what every chart, number, heatmap and table here has in common. Pure. Invariant: a panel has a title,
 * a description and a unit, and if an alert watches the same thing, its threshold and a link to the runbook.
 */
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphGradientMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  HeatmapCellLayout,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  CellValuesBuilder,
  PanelBuilder as HeatmapBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  HeatmapColorScale,
  HeatmapTooltipBuilder,
  RowsHeatmapOptionsBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { isAlwaysThere } from './query.ts';
import { type AlertName, steps, type Watch } from './threshold.ts';

/** Columns of 24, rows of about 30 pixels. */
export interface Size {
  readonly w: number;
  readonly h: number;
}

export interface PanelSpec extends Watch {
  readonly title: string;
  /** What it means, and what good looks like. */
  readonly description: string;
  readonly unit: string;
  readonly size: Size;
}

/** A query and the name of its series, such as `{{instance}}`. */
export type Query = readonly [expr: string, legend: string];

/** The data source that the variable of the dashboard chooses. */
export const datasource = Object.freeze({ type: 'prometheus', uid: `\${datasource}` });

const good = 'green';
const bad = 'red';

/** Colours of quantiles, the same in every chart. */
const quantileColors = { p50: 'green', p95: 'yellow', p99: 'orange' };

type AnyBuilder = TimeseriesBuilder | StatBuilder | HeatmapBuilder;

function frame<B extends AnyBuilder>(builder: B, { title, description, unit, size, alert }: PanelSpec): B {
  builder.title(title).description(description).datasource(datasource).unit(unit).height(size.h).span(size.w);
  if (alert !== undefined) builder.links([runbookLink(alert)]);
  return builder;
}

/** `runbook` is a variable of the dashboard: the address of grafana/runbook.md. */
export function runbookLink(alert: AlertName): DashboardLinkBuilder {
  return new DashboardLinkBuilder(`Runbook: ${alert}`)
    .type(DashboardLinkType.Link)
    .url(`\${runbook:raw}#${alert.toLowerCase()}`)
    .targetBlank(true);
}

export function query([expr, legend]: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode(65 + index))
    .datasource(datasource);
}

export interface ChartSpec extends PanelSpec {
  readonly queries: readonly Query[];
  readonly max?: number;
  readonly stacked?: boolean;
  /** The series that is a line across the stack, or beside the others to compare them with: dashed. */
  readonly beside?: string;
  /** How far the axis reaches at least; else a little beyond the threshold. */
  readonly softMax?: number;
}

/** Lines over time. */
export function chart(spec: ChartSpec): Panel {
  const builder = frame(new TimeseriesBuilder(), spec)
    .targets(spec.queries.map((each, index) => query(each, index).range()))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .min(0)
    .lineWidth(1)
    .fillOpacity(spec.stacked ? 30 : 8)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(spec.stacked ? StackingMode.Normal : StackingMode.None).group('A'));
  if (spec.max !== undefined) builder.max(spec.max);
  // A line at 0 would be one with the axis.
  const lines = steps(good, spec).filter(({ value }) => value === null || value > 1e-9);
  const softMax = spec.softMax ?? (lines.length > 1 ? lines.at(-1)!.value! * 1.25 : undefined);
  if (spec.max === undefined && softMax !== undefined) builder.axisSoftMax(softMax);
  if (lines.length > 1) {
    builder
      .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(lines))
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  if (spec.beside !== undefined) {
    const line = [
      { id: 'custom.stacking', value: { mode: 'none', group: 'A' } },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 4] } },
      { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
    ];
    builder.overrideByName(spec.beside, line);
  }
  for (const [name, color] of Object.entries(quantileColors)) {
    if (spec.queries.some(([, legend]) => legend === name)) {
      builder.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
    }
  }
  return builder.build();
}

export interface NumberSpec extends PanelSpec {
  readonly expr: string;
  /** Red from here on, where no alert says so. */
  readonly badFrom?: number;
  readonly decimals?: number;
  /** Neither good nor bad. */
  readonly neutral?: boolean;
}

/**
 * One number: of the whole time that is shown, or of now. Over a faint line of its past only if there is a number always: else Grafana
 * would show the last that there was as if it were of now.
 */
export function number(spec: NumberSpec): Panel {
  const hasPast = isAlwaysThere(spec.expr);
  const target = query([spec.expr, spec.title], 0);
  const own = steps(good, spec);
  if (spec.badFrom !== undefined) own.push({ value: spec.badFrom, color: bad });
  const builder = frame(new StatBuilder(), spec)
    .withTarget(hasPast ? target.range() : target.instant())
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(spec.neutral ? steps('blue', {}) : own),
    )
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .colorMode(BigValueColorMode.Value)
    .graphMode(hasPast ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))
    .noValue('no data');
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  return builder.build();
}

export interface HeatmapSpec extends PanelSpec {
  /** Rates of buckets, by `le`. */
  readonly expr: string;
  /** What a cell counts. */
  readonly cellUnit: string;
}

/** The distribution over time: a column a moment, a row a bucket, the colour how many. */
export function heatmap(spec: HeatmapSpec): Panel {
  return frame(new HeatmapBuilder(), spec)
    .withTarget(query([spec.expr, '{{le}}'], 0).range().format(PromQueryFormat.Heatmap))
    .calculate(false)
    .showValue(VisibilityMode.Never)
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        .scheme('Oranges')
        .scale(HeatmapColorScale.Exponential)
        .exponent(0.4)
        .fill('dark-orange')
        .steps(64)
        .reverse(false),
    )
    .rowsFrame(new RowsHeatmapOptionsBuilder().layout(HeatmapCellLayout.Auto))
    .yAxis(new YAxisConfigBuilder().unit(spec.unit))
    .cellValues(new CellValuesBuilder().unit(spec.cellUnit))
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true).showColorScale(false))
    .showLegend()
    .build();
}

/** Words, in Markdown. */
export function text(title: string, size: Size, content: string): Panel {
  return new TextBuilder().title(title).height(size.h).span(size.w).mode(TextMode.Markdown).content(content).build();
}
