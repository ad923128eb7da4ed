/** Whether what runs us can. Asked before anything that needs it is loaded, so it may use nothing new itself. Any thread. */

/** What `engines` in package.json says: of each major version the first minor one. */
const minorMin: Readonly<Record<number, number>> = { 22: 18, 24: 0 };

/** Null, or in one sentence what to do. */
export function runtimeProblem(versions: Readonly<Record<string, string | undefined>>): string | null {
  const needed = 'Node.js 22.18 or a later 22.x, or 24, is needed';
  if (versions['bun'] !== undefined) return `${needed}: Bun does not load the binaries of uWebSockets.js`;
  const [foundMajor = 0, foundMinor = 0] = (versions['node'] ?? '').split('.').map(Number);
  if (foundMinor >= (minorMin[foundMajor] ?? Number.POSITIVE_INFINITY)) return null;
  return `${needed}, this is ${versions['node'] ?? 'something else'}: install it; in a clone, npm ci brings it and npm start uses it`;
}
