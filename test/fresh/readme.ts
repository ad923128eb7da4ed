/** The commands that the README promises for a fresh clone, from its own text. */

const fence = /^```sh\n([\s\S]*?)^```$/m;

/** Those of the first block, without what is said about them. */
export function promisedCommands(readme: string): string[] {
  const block = fence.exec(readme)?.[1] ?? '';
  return block
    .split('\n')
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '');
}

/** The two by what they do. Throws if the README promises something else. */
export function freshCloneCommands(readme: string): { readonly start: string; readonly test: string } {
  const commands = promisedCommands(readme);
  const [start, test] = [/\bnpm start\b/, /\bnpm test\b/].map((pattern) => commands.find((each) => pattern.test(each)));
  if (commands.length !== 2 || start === undefined || test === undefined) {
    throw new Error(
      `the README's first block is not one command that starts and one that tests: ${commands.join('; ')}`,
    );
  }
  return { start, test };
}
