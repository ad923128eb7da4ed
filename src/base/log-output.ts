/**
 * Where log lines go: standard output, and nobody waits for whoever reads it. While a pipe is full, lines wait in bounded
 * memory; beyond that, and when nobody can read any more, they are lost, counted, and it is said how many as soon as there is
 * room again. Main thread.
 */

/** Some thousand lines. */
const waitingBytesMax = 1024 * 1024;

export class LogOutput {
  /** Lines that nobody read, ever. */
  linesLost = 0;
  /** Is told how many were lost when the next one can be written. */
  onLost: (lines: number) => void = () => {};
  private readonly open: () => NodeJS.WriteStream;
  private stream: NodeJS.WriteStream | null = null;
  private isBroken = false;
  private untold = 0;

  /** @param open called with the first line */
  constructor(open: () => NodeJS.WriteStream) {
    this.open = open;
  }

  write(line: string): void {
    const stream = this.stream ?? this.connect();
    if (this.isBroken || !stream.writable || stream.writableLength + line.length > waitingBytesMax) {
      this.linesLost++;
      this.untold++;
    } else stream.write(line);
  }

  private connect(): NodeJS.WriteStream {
    const stream = this.open();
    this.stream = stream;
    // A pipe whose reader ended, a terminal that was closed.
    stream.on('error', () => {
      this.isBroken = true;
    });
    stream.on('drain', () => {
      const { untold } = this;
      this.untold = 0;
      if (untold > 0) this.onLost(untold);
    });
    return stream;
  }
}

/** The one of this process. */
export const logOutput = new LogOutput(() => process.stdout);
