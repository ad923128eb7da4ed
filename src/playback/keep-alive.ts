/** `Atomics.waitAsync` alone keeps no thread alive: while something waits, this does. Any thread. */

const farMs = 2 ** 30;
let waiting = 0;
let timer: NodeJS.Timeout | null = null;

/** Waits for it, and keeps the thread until it has come. */
export async function keepAliveFor<T>(promise: Promise<T>): Promise<T> {
  if (waiting++ === 0) timer = setInterval(() => {}, farMs);
  try {
    return await promise;
  } finally {
    if (--waiting === 0 && timer !== null) clearInterval(timer);
  }
}
