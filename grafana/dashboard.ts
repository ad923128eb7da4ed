/**
 * What the three dashboards have in common: variables, links to each other and to the runbook, annotations, and the grid.
 * Pure. Invariant: panels are laid out row by row from left to right, numbered from 1, and never overlap.
 */
import {
  AnnotationQueryBuilder,
  ConstantVariableBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type RowPanel,
  VariableHide,
  VariableRefresh,
  VariableSort,
  VariableType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { datasource } from './panel.ts';
import { firing, metric, own } from './query.ts';

/** Where the runbook is read. The variable `runbook` of each dashboard, to be changed there or here. */
export const runbookUrl = 'https://example.com/acs-audio-gateway/grafana/runbook.md';

/** The uids never change: links and bookmarks hold them. */
export const dashboards = Object.freeze({
  fleet: { uid: 'acs-gateway-fleet', title: 'ACS audio gateway: fleet' },
  'audio-quality': { uid: 'acs-gateway-audio-quality', title: 'ACS audio gateway: audio quality' },
  internals: { uid: 'acs-gateway-internals', title: 'ACS audio gateway: internals' },
});

export type DashboardName = keyof typeof dashboards;

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const gridColumns = 24;

function labelValues(name: string, label: string, description: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(datasource)
    .query({ query, refId: `variable-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc);
}

const variables = () => [
  new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
  labelValues('job', 'Job', 'The scrape job of the gateways.', 'label_values(acs_gateway_build_info, job)'),
  labelValues('instance', 'Gateway', 'One process, as Prometheus names it.', 'label_values(up{job=~"$job"}, instance)')
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' }),
  new ConstantVariableBuilder('runbook').value(runbookUrl),
];

/** The query in the form of Grafana 10 and later, and as fields for those before. */
export function annotation(
  name: string,
  color: string,
  expr: string,
  title: string,
  body: string,
): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .target(new DataqueryBuilder().expr(expr).refId('Anno').datasource(datasource))
    .expr(expr)
    .step('30s')
    .titleFormat(title)
    .textFormat(body);
}

const annotations = () => [
  // A deployment is a process that has just begun; its name may be new, so that there are no changes to count.
  annotation(
    'Starts',
    'blue',
    `(time() - ${metric('process_start_time_seconds')} < 60) * on (job, instance) group_left (version) ${own('build_info')}`,
    'Gateway started',
    '{{instance}}, version {{version}}',
  ),
  annotation('Alerts', 'red', firing, '{{alertname}}', '{{severity}} {{instance}}'),
];

function links(own: DashboardName): DashboardLinkBuilder[] {
  const others = Object.entries(dashboards).filter(([name]) => name !== own);
  const toOthers = others.map(([, { uid, title }]) =>
    new DashboardLinkBuilder(title.replace(/^.*: (.)/, (_, first: string) => first.toUpperCase()))
      .type(DashboardLinkType.Link)
      .url(`/d/${uid}`)
      .icon('dashboard')
      .tooltip(title)
      .keepTime(true)
      .includeVars(true),
  );
  const runbook = new DashboardLinkBuilder('Runbook')
    .type(DashboardLinkType.Link)
    .url(`\${runbook:raw}`)
    .icon('doc')
    .tooltip('What to do about each alert')
    .targetBlank(true);
  return [...toOthers, runbook];
}

/** Puts panels side by side, and below where they do not fit. */
export function layOut(rows: readonly Row[]): (RowPanel | Panel)[] {
  const placed: (RowPanel | Panel)[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const heading = new RowBuilder(title)
      .gridPos({ x: 0, y, w: gridColumns, h: 1 })
      .id(placed.length + 1)
      .build();
    placed.push(heading);
    y++;
    let x = 0;
    let lineHeight = 0;
    for (const panel of panels) {
      const { w, h } = panel.gridPos!;
      if (x + w > gridColumns) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      placed.push({ ...panel, id: placed.length + 1, gridPos: { x, y, w, h } });
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return placed;
}

export function dashboard(name: DashboardName, description: string, rows: readonly Row[]): Dashboard {
  const { uid, title } = dashboards[name];
  const built = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['acs-audio-gateway'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables())
    .annotations(annotations())
    .links(links(name))
    .build();
  const placed = layOut(rows);
  const panelLinks = placed.flatMap((each) => ('links' in each ? (each.links ?? []) : []));
  // The builder's own default would hide links and annotations in a menu.
  for (const each of [...built.links!, ...panelLinks, ...built.annotations!.list!]) delete each.placement;
  for (const each of built.templating!.list!) {
    if (each.type === VariableType.Constant)
      Object.assign(each, { hide: VariableHide.HideVariable, skipUrlSync: true });
  }
  return { ...built, panels: placed };
}
