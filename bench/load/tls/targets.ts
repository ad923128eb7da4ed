/** What TLS may cost, and whether it does. Pure. */
import type { Row } from '../../report/result.ts';
import { chainLabels, groupName, rivalLabels, rowName } from '../labels.ts';
import type { Target } from '../targets.ts';

type Find = (label: string) => number | undefined;

/** What the second costs more than the first, by what the first costs. */
function added(clear: number | undefined, secure: number | undefined): number | null {
  return clear === undefined || secure === undefined ? null : (secure - clear) / clear;
}

function ratio(ours: number | undefined, theirs: number | undefined): number | null {
  return ours === undefined || theirs === undefined ? null : ours / theirs;
}

/** Of each load, with what these rows say of them. */
export function tlsTargets(rows: readonly Row[], loads: readonly number[]): Target[] {
  return loads.flatMap((framesPerSecond) => {
    const group = groupName(framesPerSecond);
    const find: Find = (label) => rows.find(({ name }) => name === rowName(group, label))?.measures['CPU']?.median;
    const { clear, direct, haproxy, haproxySingle, nginx, nginxSingle } = chainLabels;
    const target = (name: string, atMost: number | null, value: number | null): Target => {
      return { name: `${group}: ${name}`, atMost, unit: '', value };
    };
    return [
      target(`${direct} / ${haproxy}`, 0.42, ratio(find(direct), find(haproxy))),
      ...[haproxySingle, nginx, nginxSingle].map((label) => {
        return target(`${direct} / ${label}`, null, ratio(find(direct), find(label)));
      }),
      target('what TLS adds / gateway in the clear', 0.3, added(find(clear), find(direct))),
      target(`what TLS adds / ${rivalLabels.bare}`, null, added(find(rivalLabels.bare), find(rivalLabels.bareTls))),
    ];
  });
}
