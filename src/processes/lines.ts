/** What another process writes, a line at a time, so that no two processes write into one. Main thread of the parent. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** What has no end of line for so long is no line of ours, and must not cost more. */
const lineCharsMax = 1024 * 1024;

export class Lines {
  /** Resolves when the other side is closed, and all lines are out. */
  readonly ended: Promise<void>;
  private readonly take: (line: string) => void;
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  /** @param from null: the process could not be started */
  constructor(from: Readable | null, take: (line: string) => void) {
    this.take = take;
    this.ended = from === null ? Promise.resolve() : this.read(from);
  }

  private read(from: Readable): Promise<void> {
    from.on('data', (chunk: Buffer) => this.add(this.decoder.write(chunk)));
    // It is closed after any error as well.
    from.on('error', () => {});
    return once(from, 'close').then(
      () => this.flush(),
      () => this.flush(),
    );
  }

  private add(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.take(line);
    if (this.rest.length > lineCharsMax) this.flush();
  }

  private flush(): void {
    if (this.rest !== '') this.take(this.rest);
    this.rest = '';
  }
}
