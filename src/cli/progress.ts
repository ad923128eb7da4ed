/** The progress of a simulated run on standard error. Main thread. */
import type { Progress } from '../simulator/simulator.ts';
import { progressLine } from '../simulator/summary.ts';
import type { CliIo } from './io.ts';

/** Shows how the run goes: one line that is rewritten on a terminal, else a line every five seconds. */
export function progressReporter(io: CliIo): { show: (progress: Progress) => void; clear: () => void } {
  let shownChars = 0;
  let count = 0;
  return {
    show(progress) {
      const line = progressLine(progress);
      count++;
      if (io.isTty) {
        io.stderr(`\r${line.padEnd(shownChars)}`);
        shownChars = line.length;
      } else if (count % 5 === 0) io.stderr(`${line}\n`);
    },
    clear() {
      if (io.isTty && shownChars > 0) io.stderr(`\r${' '.repeat(shownChars)}\r`);
    },
  };
}
