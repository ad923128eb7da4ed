/**
 * What charts are drawn with: escaped text, the card that everything stands on, and estimates of widths, since nobody is
 * there to measure. The card brings its own light background, so that it reads the same on a light and on a dark page. Pure.
 */

export const ink = { text: '#1f2328', quiet: '#59636e', grid: '#e4e8ec', axis: '#9aa4ae', border: '#d0d7de' } as const;

/** Told apart by people who are colour-blind, too. */
const palette = ['#0969da', '#d9730d', '#1a7f5a', '#8250df', '#bf3989', '#6e7781'] as const;

export function colourOf(index: number): string {
  return palette[index % palette.length]!;
}

export const cardWidth = 860;
export const margin = 24;
const font = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
/** Wider than the average character, so that an estimate errs on the safe side. */
const characterWidth = 0.58;

export function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no way to write them
  return text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, ' ').replaceAll(/[&<>"']/g, (c) => entities[c]!);
}

export function textWidth(text: string, size: number): number {
  return text.length * size * characterWidth;
}

/** Lines that are not wider than `width`, broken at spaces; a single word may be. */
export function wrap(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** Coordinates to a tenth of a pixel: what is drawn anew from the same figures stays the same file. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export interface TextStyle {
  readonly size?: number;
  readonly colour?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
}

export function label(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = 13, colour = ink.text, anchor = 'start', bold = false } = style;
  const weight = bold ? ' font-weight="600"' : '';
  const where = `x="${px(x)}" y="${px(y)}" text-anchor="${anchor}"`;
  return `<text ${where} font-size="${size}" fill="${colour}"${weight}>${escapeXml(text)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1): string {
  const ends = `x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"`;
  return `<line ${ends} stroke="${colour}" stroke-width="${width}"/>`;
}

export function box(x: number, y: number, width: number, height: number, colour: string): string {
  const place = `x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(height)}"`;
  return `<rect ${place} fill="${colour}"/>`;
}

/** Names with their colours in rows from (margin, y); says where the next thing may stand. */
export function legend(names: readonly string[], y: number): { readonly svg: string[]; readonly bottom: number } {
  const svg: string[] = [];
  let x: number = margin;
  let at = y;
  names.forEach((name, i) => {
    const width = 18 + textWidth(name, 12) + 18;
    if (x > margin && x + width > cardWidth - margin) {
      x = margin;
      at += 20;
    }
    svg.push(box(x, at - 10, 12, 12, colourOf(i)), label(x + 18, at, name, { size: 12 }));
    x += width;
  });
  return { svg, bottom: at + 20 };
}

/** The title with what is measured below it; says where the next thing may stand. */
export function heading(title: string, subtitle: string): { readonly svg: string[]; readonly bottom: number } {
  const width = cardWidth - 2 * margin;
  const svg: string[] = [];
  let y = 34;
  for (const text of wrap(title, width, 17)) {
    svg.push(label(margin, y, text, { size: 17, bold: true }));
    y += 22;
  }
  for (const text of wrap(subtitle, width, 13)) {
    svg.push(label(margin, y, text, { colour: ink.quiet }));
    y += 18;
  }
  return { svg, bottom: y + 6 };
}

/** The whole picture: a card of the height that the content takes, with `note` as its last lines. */
export function card(title: string, content: readonly string[], bottom: number, note: string | undefined): string {
  const notes = note === undefined ? [] : wrap(note, cardWidth - 2 * margin, 12);
  const height = Math.ceil(bottom + notes.length * 17 + (notes.length === 0 ? 8 : 18));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${cardWidth} ${height}" width="${cardWidth}" height="${height}" font-family="${font}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${cardWidth - 1}" height="${height - 1}" rx="8" fill="#ffffff" stroke="${ink.border}"/>`,
    ...content,
    ...notes.map((text, i) => label(margin, bottom + 14 + i * 17, text, { size: 12, colour: ink.quiet })),
    '</svg>',
    '',
  ].join('\n');
}
