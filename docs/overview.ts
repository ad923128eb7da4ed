/**
 * Draws docs/images/overview.svg, the overview of the README: a call, ACS, the gateway with its threads, consumers, Prometheus.
 * `npm run docs:overview`; a test compares the picture with what this draws.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const overviewPicture = join(import.meta.dirname, 'images/overview.svg');

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The first line is bold. */
  readonly lines: readonly string[];
  readonly kind: keyof typeof kinds;
}

type Point = readonly [x: number, y: number];

interface Arrow {
  /** Where it begins, bends and ends. */
  readonly points: readonly Point[];
  readonly label?: string;
  readonly labelAt?: Point;
}

const width = 1180;
const height = 560;
const lineHeight = 19;
const kinds = {
  outside: { fill: '#f1f5f9', stroke: '#94a3b8' },
  thread: { fill: '#dbeafe', stroke: '#3b82f6' },
  memory: { fill: '#fef3c7', stroke: '#d97706' },
  consumer: { fill: '#dcfce7', stroke: '#16a34a' },
  frame: { fill: '#ffffff', stroke: '#334155' },
} as const;

const gateway: Box = {
  x: 335,
  y: 70,
  width: 625,
  height: 345,
  lines: ['acs-audio-gateway, one process'],
  kind: 'frame',
};

const boxes: readonly Box[] = [
  { x: 20, y: 90, width: 150, height: 62, lines: ['Callers', 'phone, web, Teams'], kind: 'outside' },
  { x: 20, y: 200, width: 150, height: 82, lines: ['Azure', 'Communication', 'Services'], kind: 'outside' },
  { x: 20, y: 340, width: 150, height: 62, lines: ['Call application', 'yours'], kind: 'outside' },
  {
    x: 352,
    y: 185,
    width: 150,
    height: 112,
    lines: ['main thread', 'decides upgrades,', 'stamps arrival,', 'copies messages'],
    kind: 'thread',
  },
  { x: 530, y: 205, width: 84, height: 72, lines: ['lanes', 'messages'], kind: 'memory' },
  {
    x: 642,
    y: 185,
    width: 150,
    height: 112,
    lines: ['decode workers', 'parse, base64,', 'timeline, jitter,', 'counters'],
    kind: 'thread',
  },
  {
    x: 820,
    y: 185,
    width: 124,
    height: 112,
    lines: ['rings', 'PCM, the last', '2 s of each', 'participant'],
    kind: 'memory',
  },
  { x: 820, y: 110, width: 124, height: 45, lines: ['sink threads'], kind: 'thread' },
  { x: 820, y: 330, width: 124, height: 62, lines: ['your threads', 'RingReader'], kind: 'thread' },
  { x: 1005, y: 70, width: 160, height: 62, lines: ['WAV, PCM files', 'one per participant'], kind: 'consumer' },
  { x: 1005, y: 150, width: 160, height: 62, lines: ['NATS', 'other machines'], kind: 'consumer' },
  { x: 1005, y: 230, width: 160, height: 62, lines: ['Sink module', 'your code'], kind: 'consumer' },
  { x: 1005, y: 330, width: 160, height: 62, lines: ['Your program', 'startGateway()'], kind: 'consumer' },
  { x: 352, y: 335, width: 262, height: 60, lines: ['admin port', '/metrics  /readyz  /streams'], kind: 'thread' },
  { x: 352, y: 475, width: 262, height: 62, lines: ['Prometheus', 'alerts, Grafana dashboards'], kind: 'consumer' },
];

const arrows: readonly Arrow[] = [
  {
    points: [
      [95, 152],
      [95, 198],
    ],
    label: 'media',
    labelAt: [103, 180],
  },
  {
    points: [
      [60, 340],
      [60, 284],
    ],
    label: 'answer',
    labelAt: [10, 317],
  },
  {
    points: [
      [110, 284],
      [110, 338],
    ],
    label: 'events',
    labelAt: [118, 317],
  },
  {
    points: [
      [170, 241],
      [350, 241],
    ],
    label: 'wss: JSON, 50 a second',
    labelAt: [178, 231],
  },
  {
    points: [
      [350, 261],
      [170, 261],
    ],
    label: 'and audio back',
    labelAt: [203, 279],
  },
  {
    points: [
      [502, 241],
      [528, 241],
    ],
  },
  {
    points: [
      [614, 241],
      [640, 241],
    ],
  },
  {
    points: [
      [792, 241],
      [818, 241],
    ],
  },
  {
    points: [
      [882, 185],
      [882, 157],
    ],
  },
  {
    points: [
      [882, 297],
      [882, 328],
    ],
  },
  {
    points: [
      [944, 125],
      [980, 125],
      [980, 101],
      [1003, 101],
    ],
  },
  {
    points: [
      [944, 132],
      [980, 132],
      [980, 181],
      [1003, 181],
    ],
  },
  {
    points: [
      [944, 139],
      [972, 139],
      [972, 261],
      [1003, 261],
    ],
  },
  {
    points: [
      [944, 361],
      [1003, 361],
    ],
  },
  {
    points: [
      [483, 475],
      [483, 397],
    ],
    label: 'scrapes plain numbers in shared memory',
    labelAt: [493, 452],
  },
];

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function text([x, y]: Point, content: string, attributes: string): string {
  return `<text x='${x}' y='${y}' ${attributes}>${escaped(content)}</text>\n`;
}

function drawBox({ x, y, width: boxWidth, height: boxHeight, lines, kind }: Box): string {
  const { fill, stroke } = kinds[kind];
  const top = y + (boxHeight - lines.length * lineHeight) / 2 + 14;
  const middle = x + boxWidth / 2;
  const written = lines.map((line, index) => {
    return text(
      [middle, top + index * lineHeight],
      line,
      `text-anchor='middle'${index === 0 ? " font-weight='bold'" : ''}`,
    );
  });
  const shape = `<rect x='${x}' y='${y}' width='${boxWidth}' height='${boxHeight}' rx='8' fill='${fill}' stroke='${stroke}' stroke-width='1.5'/>\n`;
  return shape + written.join('');
}

function drawFrame({ x, y, width: boxWidth, height: boxHeight, lines }: Box): string {
  const shape = `<rect x='${x}' y='${y}' width='${boxWidth}' height='${boxHeight}' rx='12' fill='${kinds.frame.fill}' stroke='${kinds.frame.stroke}' stroke-width='2'/>\n`;
  return shape + text([x + 20, y + 28], lines[0]!, "font-weight='bold'");
}

function drawArrow({ points, label, labelAt }: Arrow): string {
  const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');
  const line = `<path d='${path}' fill='none' stroke='#334155' stroke-width='1.8' marker-end='url(#tip)'/>\n`;
  return (
    line + (label === undefined || labelAt === undefined ? '' : text(labelAt, label, "fill='#475569' font-size='13'"))
  );
}

function drawLegend(): string {
  const entries = [
    ['thread', 'a thread'],
    ['memory', 'shared memory'],
    ['consumer', 'a consumer'],
  ] as const;
  return entries
    .map(([kind, meaning], index) => {
      const x = 700 + index * 155;
      const { fill, stroke } = kinds[kind];
      const swatch = `<rect x='${x}' y='497' width='18' height='18' rx='4' fill='${fill}' stroke='${stroke}' stroke-width='1.5'/>\n`;
      return swatch + text([x + 27, 511], meaning, "fill='#475569'");
    })
    .join('');
}

export function drawOverview(): string {
  return `<svg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}' viewBox='0 0 ${width} ${height}' font-family='system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif' font-size='14' fill='#0f172a'>
<title>A call reaches Azure Communication Services, which streams it to the gateway; workers decode it into rings, which sinks and your own threads read; Prometheus scrapes the admin port</title>
<defs><marker id='tip' markerWidth='10' markerHeight='10' refX='8' refY='4' orient='auto'><path d='M0 0 L8 4 L0 8 z' fill='#334155'/></marker></defs>
<rect width='${width}' height='${height}' rx='14' fill='#ffffff'/>
${text([20, 40], 'Every 20 ms frame is in a ring, or a counter says why not', "font-size='18' font-weight='bold'")}${drawFrame(gateway)}${boxes.map(drawBox).join('')}${arrows.map(drawArrow).join('')}${drawLegend()}</svg>
`;
}

if (import.meta.main) writeFileSync(overviewPicture, drawOverview());
