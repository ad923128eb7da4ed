/**
 * HAProxy in front of the gateways: one screen, of its own metrics. Apart from the gateways' dashboards, because the targets are
 * others: the job acs-audio-balancer. Pure.
 */
import {
  ConstantVariableBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { annotation, layOut, runbookUrl } from '../dashboard.ts';
import { chart, datasource, type Size } from '../panel.ts';

/** One of them, that none is left, has no instance. */
const firing = 'ALERTS{alertname=~"AcsBalancer.+", alertstate="firing", job=~"$job|", instance=~"$instance|"}';
const half: Size = { w: 12, h: 8 };
const chosen = 'job=~"$job", instance=~"$instance"';

function own(name: string, ...matchers: readonly string[]): string {
  return `haproxy_${name}{${[chosen, ...matchers].join(', ')}}`;
}

function rate(series: string): string {
  return `rate(${series}[$__rate_interval])`;
}

function labelValues(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: `variable-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });
}

const variables = () => [
  new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
  labelValues('job', 'Job', 'label_values(haproxy_process_build_info, job)'),
  labelValues('instance', 'HAProxy', 'label_values(haproxy_process_build_info{job=~"$job"}, instance)'),
  new ConstantVariableBuilder('runbook').value(runbookUrl),
];

const panels = () => [
  chart({
    title: 'Streams',
    description:
      'Streams that go through each HAProxy. One that drains has closed its port and is not seen; its streams still run.',
    unit: 'short',
    size: half,
    stacked: true,
    queries: [[own('backend_current_sessions', 'proxy="gateways"'), '{{instance}}']],
  }),
  chart({
    title: 'Gateways that take streams',
    description:
      'As each HAProxy sees them: those whose /readyz is 200. All should see the same; 0 means that every newcomer gets 503.',
    unit: 'short',
    size: half,
    queries: [[own('backend_active_servers', 'proxy="gateways"'), '{{instance}}']],
  }),
  chart({
    title: 'Connections in use',
    description: 'Of BALANCER_MAXCONN. The autoscaler aims at 60 % by CPU; above 85 % AcsBalancerNearCapacity fires.',
    unit: 'percentunit',
    max: 1,
    size: half,
    queries: [[`${own('process_current_connections')} / ${own('process_max_connections')}`, '{{instance}}']],
  }),
  chart({
    title: 'Idle threads',
    description:
      'Share of the time in which its threads sleep. Below 20 % every stream through it is late, and AcsBalancerBusy fires.',
    unit: 'percent',
    max: 100,
    size: half,
    queries: [[own('process_idle_time_percent'), '{{instance}}']],
  }),
  chart({
    title: 'Newcomers that were refused',
    description:
      'Answers of HAProxy other than a stream, a second, by the class of their status: 4xx no upgrade or no right, 5xx no room.',
    unit: 'reqps',
    size: half,
    queries: [
      [`sum by (code) (${rate(own('frontend_http_responses_total', 'proxy="acs"', 'code=~"4xx|5xx"'))})`, '{{code}}'],
    ],
  }),
  chart({
    title: 'Tried again elsewhere',
    description:
      'Upgrades that a gateway did not take and another one got: a drain for a second and a half, else a gateway that is not marked down.',
    unit: 'reqps',
    size: half,
    queries: [
      [`sum(${rate(own('backend_retry_warnings_total', 'proxy="gateways"'))})`, 'tried again'],
      [`sum(${rate(own('backend_redispatch_warnings_total', 'proxy="gateways"'))})`, 'at another gateway'],
    ],
  }),
  chart({
    title: 'Bytes',
    description:
      'What ACS sends through each HAProxy, a second: 0.42 Mbit/s for a mixed stream at 16 kHz, and it passes on as much.',
    unit: 'Bps',
    size: half,
    stacked: true,
    queries: [[rate(own('frontend_bytes_in_total', 'proxy="acs"')), '{{instance}}']],
  }),
  chart({
    title: 'Certificate',
    description:
      'Until the certificate ends that is served, whatever the file says. AcsBalancerCertificateExpires fires 14 days before.',
    unit: 's',
    size: half,
    queries: [['acs_balancer_certificate_expiry_timestamp_seconds{instance=~"$instance"} - time()', '{{instance}}']],
  }),
];

export function haproxy(): Dashboard {
  const built = new DashboardBuilder('ACS audio gateway: HAProxy')
    .uid('acs-gateway-haproxy')
    .description('HAProxy in front of the gateways: streams, what it sees of them, what it has left.')
    .tags(['acs-audio-gateway'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables())
    .annotations([annotation('Alerts', 'red', firing, '{{alertname}}', '{{severity}} {{instance}}')])
    .links([
      new DashboardLinkBuilder('Runbook')
        .type(DashboardLinkType.Link)
        .url(`\${runbook:raw}#haproxy`)
        .icon('doc')
        .tooltip('What to do about each alert')
        .targetBlank(true),
    ])
    .build();
  for (const each of [...built.links!, ...built.annotations!.list!]) delete each.placement;
  return { ...built, panels: layOut([{ title: 'HAProxy', panels: panels() }]) };
}
