/**
 * A reporter for the end of a run: what was skipped and why, and one line `N passed, N failed, N skipped`. With
 * ACS_TEST_REQUIRE=all a skip without an excuse is a failure. ACS_TEST_RESULTS names a file that gets the counts as a line of JSON.
 */
import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

interface Skipped {
  readonly file: string;
  readonly title: string;
  readonly reason: string;
  readonly isExcused: boolean;
}

function skipOf(test: TestCase): Skipped {
  let holder: TestCase | TestSuite | TestModule = test;
  while (holder.type !== 'module' && holder.meta().missing === undefined) holder = holder.parent;
  const { missing, isExcused = false } = holder.meta();
  return {
    file: test.module.relativeModuleId,
    title: test.fullName,
    reason: missing ?? 'nothing that is named',
    isExcused,
  };
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    const skipped: Skipped[] = [];
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'skipped') skipped.push(skipOf(test));
        else failedHere++;
      }
      // A file that cannot even be loaded, and one whose hooks fail, has no test that says so.
      failed += failedHere === 0 && module.state() === 'failed' ? 1 : failedHere;
    }
    const wrong = process.env['ACS_TEST_REQUIRE'] === 'all' ? skipped.filter(({ isExcused }) => !isExcused) : [];
    failed += wrong.length;
    this.print(skipped, wrong);
    const counts = { passed, failed, skipped: skipped.length - wrong.length };
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    if (failed > 0) process.exitCode = 1;
    const file = process.env['ACS_TEST_RESULTS'];
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(counts)}\n`);
  }

  private print(skipped: readonly Skipped[], wrong: readonly Skipped[]): void {
    for (const [reason, tests] of Map.groupBy(skipped, (skip) => skip.reason)) {
      console.log(`Skipped, missing ${reason}:`);
      for (const [file, inFile] of Map.groupBy(tests, (skip) => skip.file))
        console.log(`  ${inFile.length} in ${file}`);
    }
    for (const { file, title, reason } of wrong)
      console.log(`Nothing may be skipped here: ${file} > ${title} (${reason})`);
  }
}
