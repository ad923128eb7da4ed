/** What a run of the tests came to, from the JSON that `ACS_TEST_RESULTS` names. */
import { basename } from 'node:path';

interface TestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
    }[];
  }[];
}

export class TestCounts {
  readonly passedCount: number;
  /** By file and name; a file by itself if it could not be run. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];

  private constructor(passedCount: number, failed: readonly string[], skipped: readonly string[]) {
    this.passedCount = passedCount;
    this.failed = failed;
    this.skipped = skipped;
  }

  /** `json` is null if no test has run. */
  static read(json: string | null): TestCounts {
    const files = json === null ? [] : (JSON.parse(json) as TestResults).testResults;
    const tests = files.flatMap(({ name, assertionResults }) =>
      assertionResults.map((each) => ({ status: each.status, name: `${basename(name)}: ${each.fullName}` })),
    );
    const named = (status: RegExp) => tests.filter((each) => status.test(each.status)).map((each) => each.name);
    const broken = files
      .filter((file) => file.status === 'failed' && !file.assertionResults.some((each) => each.status === 'failed'))
      .map((file) => `${basename(file.name)}: ${file.message.split('\n')[0]}`);
    return new TestCounts(
      named(/^passed$/).length,
      [...named(/^failed$/), ...broken],
      named(/^(skipped|pending|todo|disabled)$/),
    );
  }

  get summary(): string {
    return `${this.passedCount} passed, ${this.failed.length} failed, ${this.skipped.length} skipped`;
  }
}
