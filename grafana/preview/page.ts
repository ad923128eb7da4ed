/** A dashboard as one HTML page, in the grid of the JSON. Pure. Invariant: the page says that it is not Grafana. */
import { drawChart } from './chart.ts';
import { drawHeatmap } from './heatmap.ts';
import { type Answer, escapeHtml, type Mark, type PanelJson, type View } from './panel-json.ts';
import type { Range } from './prometheus.ts';
import { drawNumber, drawTable, drawText } from './words.ts';

export const pageWidth = 1680;
const margin = 16;
const gap = 8;
/** Of Grafana's grid. */
const rowHeight = 30;
const titleHeight = 30;
const headHeight = 64;

const style = `
  body { margin: 0; background: #111217; color: #ccccdc; font: 13px Inter, Roboto, "Liberation Sans", Arial, sans-serif; position: relative; }
  header { position: absolute; left: ${margin}px; right: ${margin}px; top: 12px; display: flex; align-items: baseline; gap: 18px; }
  h1 { font-size: 20px; font-weight: 500; margin: 0; } header span { color: #8e8e99; } header b { color: #ccccdc; font-weight: 500; }
  .row { position: absolute; font-size: 15px; font-weight: 500; line-height: 30px; }
  .panel { position: absolute; background: #181b1f; border: 1px solid #24292e; border-radius: 3px; box-sizing: border-box; overflow: hidden; }
  .panel h2 { font-size: 13px; font-weight: 500; margin: 0; padding: 7px 10px; height: ${titleHeight - 14}px; line-height: 16px; white-space: nowrap; }
  .body { position: absolute; left: 6px; right: 6px; top: ${titleHeight}px; bottom: 4px; }
  .number { position: absolute; inset: 0 0 22px 0; display: flex; align-items: center; justify-content: center; font-size: 32px; font-weight: 500; }
  .past { position: absolute; left: 0; bottom: 0; }
  .empty { color: #8e8e99; text-align: center; padding-top: 30px; }
  .tick { fill: #9d9dab; font-size: 11px; } .name { fill: #ccccdc; font-size: 11.5px; }
  .grid { stroke: #2a2e35; stroke-width: 1; } .mark { stroke-dasharray: 3 3; opacity: .8; }
  table { width: 100%; border-collapse: collapse; } th { text-align: left; font-weight: 500; color: #6e9fff; }
  th, td { padding: 7px 9px; border-bottom: 1px solid #24292e; white-space: nowrap; }
  .words { padding: 0 8px; line-height: 1.5; } .words p { margin: 0 0 4px; } .words ul { margin: 0; padding-left: 18px; } .words b { color: #fff; font-weight: 600; }
`;

const drawers: Readonly<Record<string, (view: View) => string>> = {
  timeseries: drawChart,
  heatmap: drawHeatmap,
  stat: drawNumber,
  table: drawTable,
  text: drawText,
};

export interface Page {
  readonly title: string;
  readonly panels: readonly { readonly panel: PanelJson; readonly answers: readonly Answer[] }[];
  readonly range: Range;
  readonly marks: readonly Mark[];
}

export function pageHeight(panels: Page['panels']): number {
  const rows = Math.max(...panels.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h));
  return headHeight + rows * (rowHeight + gap) + margin;
}

export function drawPage({ title, panels, range, marks }: Page): string {
  const column = (pageWidth - 2 * margin + gap) / 24;
  const boxes = panels.map(({ panel, answers }) => {
    const { x, y, w, h } = panel.gridPos;
    const width = w * column - gap;
    const height = h * (rowHeight + gap) - gap;
    const place = `left:${margin + x * column}px;top:${headHeight + y * (rowHeight + gap)}px;width:${width}px;height:${height}px`;
    if (panel.type === 'row') return `<div class="row" style="${place}">⌄ ${escapeHtml(panel.title)}</div>`;
    const draw = drawers[panel.type];
    if (draw === undefined) throw new Error(`the preview cannot draw a ${panel.type}: ${panel.title}`);
    const view = { panel, answers, range, marks, width: width - 14, height: height - titleHeight - 6 };
    const heading = `<h2 title="${escapeHtml(panel.description ?? '')}">${escapeHtml(panel.title)}</h2>`;
    return `<div class="panel" style="${place}">${heading}<div class="body">${draw(view)}</div></div>`;
  });
  const caption = 'Preview rendered from the dashboard’s JSON; not Grafana itself. Times are UTC.';
  const head = `<header><h1>${escapeHtml(title)}</h1><span>${caption}</span></header>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style>
<body style="width:${pageWidth}px;height:${pageHeight(panels)}px">${head}${boxes.join('\n')}</body></html>\n`;
}
