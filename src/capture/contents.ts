/** What is in a capture, counted. Pure but for the reading; any thread. */
import { bodyObject, endingOf, recordKind } from './format.ts';
import type { CaptureReader, CaptureRecord, Damage } from './format-reader.ts';

export interface Contents {
  readonly startedAt: string;
  readonly redacted: boolean;
  /** From the first record to the last. */
  readonly durationMs: number;
  readonly sockets: { readonly opened: number; readonly resumed: number; readonly openAtEnd: number };
  /** Ends by cause and code: `peer 1000`. */
  readonly ends: Readonly<Record<string, number>>;
  readonly messages: { readonly text: number; readonly binary: number; readonly replaced: number };
  readonly messageBytes: number;
  readonly longestMessageBytes: number;
  /** Messages that the gateway could not write. */
  readonly lostMessages: number;
  readonly damage: Damage;
}

export class ContentsCounter {
  private firstUs = Number.NaN;
  private lastUs = 0;
  private opened = 0;
  private ended = 0;
  private resumed = 0;
  private text = 0;
  private binary = 0;
  private replaced = 0;
  private messageBytes = 0;
  private longest = 0;
  private lost = 0;
  private readonly ends = new Map<string, number>();

  add({ kind, atUs, body, isReplaced }: CaptureRecord): void {
    if (Number.isNaN(this.firstUs)) this.firstUs = atUs;
    this.lastUs = atUs;
    switch (kind) {
      case recordKind.open:
        this.opened++;
        return;
      case recordKind.end: {
        const { cause, code } = endingOf(body);
        this.ended++;
        this.ends.set(`${cause} ${code}`, (this.ends.get(`${cause} ${code}`) ?? 0) + 1);
        return;
      }
      case recordKind.resumed:
        this.resumed++;
        return;
      case recordKind.lost: {
        const { messages } = bodyObject(body) ?? {};
        if (typeof messages === 'number') this.lost += messages;
        return;
      }
      case recordKind.text:
      case recordKind.binary:
        if (kind === recordKind.text) this.text++;
        else this.binary++;
        if (isReplaced) this.replaced++;
        this.messageBytes += body.length;
        this.longest = Math.max(this.longest, body.length);
    }
  }

  /** Of a reader whose records were all added. */
  contents({ startedAtMs, isRedacted, damage }: CaptureReader): Contents {
    return {
      startedAt: new Date(startedAtMs).toISOString(),
      redacted: isRedacted,
      durationMs: Number.isNaN(this.firstUs) ? 0 : Math.round((this.lastUs - this.firstUs) / 1000),
      sockets: { opened: this.opened, resumed: this.resumed, openAtEnd: Math.max(0, this.opened - this.ended) },
      ends: Object.fromEntries(this.ends),
      messages: { text: this.text, binary: this.binary, replaced: this.replaced },
      messageBytes: this.messageBytes,
      longestMessageBytes: this.longest,
      lostMessages: this.lost,
      damage: { ...damage },
    };
  }
}

/** What is not as it came, one line each. Empty: nothing is missing. */
export function gapsOf({ lostMessages, damage }: Contents): string[] {
  const lines: string[] = [];
  if (lostMessages > 0) lines.push(`${lostMessages} messages could not be captured: the disk was full or too slow`);
  if (damage.cutBytes > 0) lines.push(`it is cut off: its last ${damage.cutBytes} bytes are no whole block`);
  if (damage.skippedBytes > 0) lines.push(`${damage.skippedBytes} bytes within it are damaged`);
  if (damage.missingBlocks > 0) lines.push(`${damage.missingBlocks} blocks are missing`);
  return lines;
}
