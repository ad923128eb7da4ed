/**
 * Shows the dashboards without Grafana: runs the queries of the generated JSON against a Prometheus and draws each dashboard
 * as an HTML page. `npm run grafana:preview -- --prometheus URL --out DIR`
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate } from './generate.ts';
import { drawPage, pageHeight, pageWidth } from './preview/page.ts';
import type { Answer, Mark, PanelJson } from './preview/panel-json.ts';
import { queryInstant, queryRange, type Range } from './preview/prometheus.ts';
import { substitute } from './variables.ts';

const usage = `Usage: npm run grafana:preview -- --prometheus URL --out DIR [flags]

  --minutes N            how much of the past is shown (default 5)
  --end SECONDS          since 1970; until when (default now)
  --scrape-interval S    seconds; $__rate_interval is four of them at least (default 15)
  --job REGEX            default .*
  --instance REGEX       default .*`;

interface DashboardJson {
  readonly title: string;
  readonly panels: readonly PanelJson[];
  readonly annotations: {
    readonly list: readonly { readonly expr: string; readonly iconColor: string; readonly titleFormat: string }[];
  };
}

/** About as many points as Grafana asks for on a panel a third of the screen wide. */
const pointsMax = 250;

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string' },
    out: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    end: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    'scrape-interval': { type: 'string', default: '15' },
    job: { type: 'string', default: '.*' },
    instance: { type: 'string', default: '.*' },
  },
});
if (values.prometheus === undefined || values.out === undefined) {
  console.error(usage);
  process.exit(2);
}
const { prometheus, out } = values;

const seconds = Math.round(Number(values.minutes) * 60);
const scrapeSeconds = Number(values['scrape-interval']);
const end = Number(values.end);
const step = Math.max(1, Math.ceil(seconds / pointsMax));
const range: Range = { start: end - seconds, end, step };
const variables = {
  job: values.job,
  instance: values.instance,
  __rate_interval: `${Math.max(4 * scrapeSeconds, step + scrapeSeconds)}s`,
  __range: `${seconds}s`,
};

async function answersOf(panel: PanelJson): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const target of panel.targets ?? []) {
    const expr = substitute(target.expr, variables);
    const found = target.instant ? queryInstant(prometheus!, expr, end) : queryRange(prometheus!, expr, range);
    answers.push({ target, series: await found });
  }
  return answers;
}

/** The beginnings of what the annotations find. */
async function marksOf({ annotations }: DashboardJson): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const { expr, iconColor, titleFormat } of annotations.list) {
    for (const { labels, points } of await queryRange(prometheus!, substitute(expr, variables), range)) {
      const text = titleFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
      const begins = points.filter(([time], index) => time - (points[index - 1]?.[0] ?? 0) > 2.1 * step);
      for (const [time] of begins) marks.push({ time, color: iconColor, text });
    }
  }
  return marks;
}

mkdirSync(out, { recursive: true });
for (const [file, text] of generate()) {
  const dashboard = JSON.parse(text) as DashboardJson;
  const panels: { panel: PanelJson; answers: Answer[] }[] = [];
  for (const panel of dashboard.panels) panels.push({ panel, answers: await answersOf(panel) });
  const page = drawPage({ title: dashboard.title, panels, range, marks: await marksOf(dashboard) });
  const target = join(out, `${basename(file, '.json')}.html`);
  writeFileSync(target, page);
  console.log(`${target} ${pageWidth}x${pageHeight(panels)}`);
}
