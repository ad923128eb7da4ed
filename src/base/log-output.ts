/**
 * Where log lines go: a stream whose reader nothing waits for. While a pipe is full, lines wait in bounded memory; beyond that,
 * and when its reader is gone, they are lost and counted, and a record says how many as soon as there is room. Main thread.
 */
import type { Writable } from 'node:stream';

/** Some thousand lines. */
const waitingBytesMax = 1024 * 1024;

export class LogOutput {
  /** Of all outputs of the process. */
  static linesLost = 0;
  /** Lines that found no room, ever. */
  linesLost = 0;
  /** Called with the number of lines lost when the next one can be written. */
  onLost: (lines: number) => void = () => {};
  private open: () => Writable;
  private stream: Writable | null = null;
  private isBroken = false;
  private unreported = 0;

  /** @param open called with the first line */
  constructor(open: () => Writable) {
    this.open = open;
  }

  write(line: string): void {
    const stream = this.stream ?? this.connect();
    if (this.isBroken || !stream.writable || stream.writableLength + line.length > waitingBytesMax) {
      this.linesLost++;
      LogOutput.linesLost++;
      this.unreported++;
    } else stream.write(line);
  }

  /** From now on lines go elsewhere: what they went to is gone. */
  reopen(open: () => Writable): void {
    this.open = open;
    this.stream = null;
    this.isBroken = false;
  }

  private connect(): Writable {
    const stream = this.open();
    this.stream = stream;
    // A pipe whose reader ended, a terminal that was closed.
    stream.on('error', () => {
      this.isBroken ||= stream === this.stream;
    });
    stream.on('drain', () => {
      const { unreported } = this;
      this.unreported = 0;
      if (unreported > 0) this.onLost(unreported);
    });
    return stream;
  }
}

/** Standard output. */
export const logOutput = new LogOutput(() => process.stdout);
