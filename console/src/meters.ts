/** Level meters: a bar for each participant, from -60 dBFS to full scale. Pure drawing. */
import { decibels } from './format.ts';
import { palette } from './theme.ts';

const floorDb = -60;
/** A telephone voice lies below the first, what is beyond the second is close to clipping. */
const loudDb = -5;
const clippingDb = -1;
/** More bars than this stand upright, side by side. */
const lyingMax = 4;

function shareOf(level: number): number {
  return Math.min(1, Math.max(0, (level - floorDb) / -floorDb));
}

function colourOf(level: number): string {
  if (level > clippingDb) return palette.bad;
  return level > loudDb ? palette.warn : palette.good;
}

export function drawMeters(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  levels: readonly number[],
): void {
  const isLying = levels.length <= lyingMax;
  const gap = levels.length > 8 ? 1 : 2;
  const breadthMax = isLying ? 7 : 10;
  const room = isLying ? height : width;
  const breadth = Math.min(breadthMax, (room - gap * (levels.length - 1)) / Math.max(1, levels.length));
  let at = isLying ? (height - levels.length * breadth - (levels.length - 1) * gap) / 2 : 0;
  for (const level of levels) {
    const share = shareOf(level);
    context.fillStyle = palette.track;
    if (isLying) context.fillRect(0, at, width, breadth);
    else context.fillRect(at, 0, breadth, height);
    context.fillStyle = colourOf(level);
    if (isLying) context.fillRect(0, at, width * share, breadth);
    else context.fillRect(at, height * (1 - share), breadth, height * share);
    at += breadth + gap;
  }
}

export function describeLevels(levels: readonly number[]): string {
  return levels.length === 0 ? 'no participant yet' : `levels: ${levels.map(decibels).join(', ')}`;
}
