/** How a sink writes a time of ACS's. Pure; any thread. */

/** What such a time says, in ms. */
export function msOf(iso: string): number {
  const [, whole, fraction = ''] = /^(.*?)(\.\d+)?Z$/.exec(iso) ?? [];
  return Date.parse(`${whole}Z`) + Math.round(Number(`0${fraction}`) * 1e6) / 1000;
}

/** With microseconds if it is no whole millisecond; null when it is not known: 0 or NaN. */
export function isoTime(ms: number): string | null {
  if (!(ms > 0)) return null;
  const us = Math.round(ms * 1000);
  const iso = new Date(Math.floor(us / 1000)).toISOString();
  return us % 1000 === 0 ? iso : iso.replace('Z', `${String(us % 1000).padStart(3, '0')}Z`);
}
