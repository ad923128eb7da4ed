/** What a thread has used of the processor. Any thread. */

/** Time of the processor that the calling thread has used, ms; before Node.js 22.19, which cannot tell, the time on the clock. */
export function threadTimeMs(): number {
  if (typeof process.threadCpuUsage !== 'function') return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
