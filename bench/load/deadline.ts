/** A deadline for what another process may never do. Everything that a benchmark waits for goes through here. */

/** What the promise gives. Throws when it takes longer than this. */
export async function before<T>(deadlineMs: number, what: string, done: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${deadlineMs / 1000} s`)), deadlineMs);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
