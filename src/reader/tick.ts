/** One timer for all readers of a thread that wait without blocking it: a thousand of them cost what one does. Any thread. */

/** Half a frame. */
const tickMs = 10;

let waiting: (() => void)[] = [];

function wake(): void {
  const due = waiting;
  waiting = [];
  for (const resolve of due) resolve();
}

/** Resolves within 10 ms, together with all others. */
export function nextTick(): Promise<void> {
  if (waiting.length === 0) setTimeout(wake, tickMs);
  return new Promise((resolve) => waiting.push(resolve));
}
