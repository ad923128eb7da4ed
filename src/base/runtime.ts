/** Whether what runs us can. Asked before anything that needs it is loaded, so it may use nothing new itself. Any thread. */

/** What `engines` in package.json says. */
const major = 22;
const minorMin = 18;

/** Null, or in one sentence what to do. */
export function runtimeProblem(versions: Readonly<Record<string, string | undefined>>): string | null {
  const needed = `Node.js ${major}.${minorMin} or a later ${major}.x is needed`;
  if (versions['bun'] !== undefined) return `${needed}: Bun does not load the binaries of uWebSockets.js`;
  const [foundMajor = 0, foundMinor = 0] = (versions['node'] ?? '').split('.').map(Number);
  if (foundMajor === major && foundMinor >= minorMin) return null;
  return `${needed}, this is ${versions['node'] ?? 'something else'}: install it; in a clone, npm ci brings it and npm start uses it`;
}
