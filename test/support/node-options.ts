/** `NODE_OPTIONS` of processes that run TypeScript, be it only what is loaded before them. */
const strippedTypes = new URL('./stripped-types.mjs', import.meta.url).href;

/** `preloads`: addresses of modules, for each of its threads. */
export function nodeOptions(...preloads: readonly string[]): string {
  // Outside of a test run there is no place where stripped sources stay.
  const first = process.env['ACS_TEST_STRIPPED'] === undefined ? [] : [strippedTypes];
  return [...first, ...preloads].map((address) => `--import=${address}`).join(' ');
}
