/** What the gateway may cost at most when its streams grow in number. Pure. */
import { rivalLabels } from '../load/labels.ts';
import type { Target } from '../load/targets.ts';
import type { Row } from '../report/result.ts';
import { idleEnding, streamsName } from './cases.ts';

const costRatioMax = 1.25;
const idleKilobytesMax = 8;

/**
 * `streams`: the numbers of streams that were measured at this rate. The same ratio of a server that only counts stands
 * below ours: that much of it is the price of more sockets, for the kernel and for uWebSockets.js.
 */
export function scalingTargets(rows: readonly Row[], framesPerSecond: number, streams: readonly number[]): Target[] {
  const few = Math.min(...streams);
  const many = Math.max(...streams);
  const cpuOf = (count: number, label: string): number | undefined =>
    rows.find(({ name }) => name === streamsName(framesPerSecond, count, label))?.measures['CPU']?.median;
  const ratioOf = (label: string): number | null => {
    const [low, high] = [cpuOf(few, label), cpuOf(many, label)];
    return low === undefined || high === undefined ? null : high / low;
  };
  const idle = rows.find(({ name }) => name.endsWith(idleEnding))?.measures['RSS per stream']?.median;
  const cost = `CPU per frame with ${many} streams, divided by that with ${few}`;
  return [
    { name: cost, atMost: costRatioMax, unit: '', value: ratioOf('') },
    { name: `the same of ${rivalLabels.bare}`, atMost: null, unit: '', value: ratioOf(rivalLabels.bare) },
    { name: 'RSS of a connected and idle stream', atMost: idleKilobytesMax, unit: 'KB', value: idle ?? null },
  ];
}
