/** Draws what stands in terminals, with the escape sequences for colours that are in it, as an SVG. */

export interface Pane {
  readonly title: string;
  readonly lines: readonly string[];
}

interface Style {
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly color: string;
}

const font = `font-family='ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace' font-size='14'`;
/** Of most of these fonts, nearly. Each text gets its width, so that columns stand below each other in all of them. */
const charWidth = 8.43;
const lineHeight = 19;
const padding = 14;
const titleHeight = 30;

const styleSequence = new RegExp(`${String.fromCharCode(0x1b)}\\[([\\d;]*)m`);
const foreground = '#e2e8f0';
const colors: Readonly<Record<number, string>> = {
  31: '#f87171',
  32: '#86efac',
  33: '#fde047',
  35: '#f0abfc',
  36: '#7dd3fc',
  39: foreground,
};
const plain: Style = { isBold: false, isDim: false, color: foreground };

function styled(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 22) return { ...style, isBold: false, isDim: false };
  return { ...style, color: colors[code] ?? style.color };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** One line; styles go on in the next one. */
function drawLine(line: string, y: number, before: Style): readonly [svg: string, after: Style] {
  let style = before;
  let column = 0;
  let svg = '';
  // Text and the codes of escape sequences in turn.
  line.split(styleSequence).forEach((part, index) => {
    if (index % 2 === 1) {
      for (const code of part.split(';')) style = styled(style, Number(code));
      return;
    }
    if (part.trim() !== '') {
      const attributes = `fill='${style.color}'${style.isDim ? " fill-opacity='0.55'" : ''}${style.isBold ? " font-weight='bold'" : ''}`;
      const x = (padding + column * charWidth).toFixed(1);
      const length = `textLength='${(part.length * charWidth).toFixed(1)}'`;
      svg += `<text x='${x}' y='${y}' ${length} ${attributes} xml:space='preserve'>${escaped(part)}</text>\n`;
    }
    column += part.length;
  });
  return [svg, style];
}

function paneHeight({ lines }: Pane): number {
  return titleHeight + 2 * padding + lines.length * lineHeight;
}

function drawPane(pane: Pane, top: number, width: number): string {
  let style = plain;
  let svg = `<rect y='${top}' width='${width}' height='${paneHeight(pane)}' rx='8' fill='#0f172a'/>
<path d='M0 ${top + titleHeight} v-${titleHeight - 8} q0 -8 8 -8 h${width - 16} q8 0 8 8 v${titleHeight - 8} z' fill='#1e293b'/>
<text x='${padding}' y='${top + 20}' fill='#94a3b8'>${escaped(pane.title)}</text>\n`;
  pane.lines.forEach((line, index) => {
    const [drawn, after] = drawLine(line, top + titleHeight + padding + 14 + index * lineHeight, style);
    svg += drawn;
    style = after;
  });
  return svg;
}

const title = 'Terminals with the commands of the README, and what they print';

/** One below the other. */
export function drawTerminals(panes: readonly Pane[], columns: number): string {
  const gap = 12;
  const width = Math.ceil(columns * charWidth + 2 * padding);
  const tops = panes.map((_, index) => panes.slice(0, index).reduce((sum, pane) => sum + paneHeight(pane) + gap, 0));
  const height = tops.at(-1)! + paneHeight(panes.at(-1)!);
  const drawn = panes.map((pane, index) => drawPane(pane, tops[index]!, width)).join('');
  return `<svg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}' ${font}>\n<title>${title}</title>\n${drawn}</svg>\n`;
}
