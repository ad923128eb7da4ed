/** How a sink writes a time of ACS's. Pure; any thread. */

/** Null when it is not known: 0 or NaN. */
export function isoTime(ms: number): string | null {
  return ms > 0 ? new Date(ms).toISOString() : null;
}
