/** What a run has shown: a line for each check as it is made, and whether all went well. */

export class Results {
  private failures = 0;

  section(title: string): void {
    console.log(`\n${title}`);
  }

  /** One check: what was seen, and whether that is as it must be. */
  check(name: string, isOk: boolean, seen: string): void {
    if (!isOk) this.failures += 1;
    console.log(`  ${isOk ? 'ok    ' : 'NOT OK'}  ${name.padEnd(52)}  ${seen}`);
  }

  /** A figure that nothing depends on. */
  note(name: string, seen: string): void {
    console.log(`          ${name.padEnd(52)}  ${seen}`);
  }

  get failureCount(): number {
    return this.failures;
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
