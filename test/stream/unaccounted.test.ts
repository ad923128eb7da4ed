/** The accounting identity at any moment: 0 whatever is in flight, and not 0 as soon as a message is in no counter or in two. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { lane } from '../../src/memory/layout.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import { account, unaccounted } from '../../src/stream/accounting.ts';
import { Stream } from '../../src/stream/stream.ts';
import { Totals } from '../../src/stream/totals.ts';
import { audio, metadata } from '../decoder/messages.ts';
import { LaneRig } from '../lane/lane-rig.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

class AccountRig {
  readonly rig = new LaneRig({ index: 0 });
  readonly totals = new Totals();
  readonly decoder = new FrameDecoder(this.rig.memory, 0, createParsers('scan'), () => 0);
  private readonly stream: Stream;

  constructor() {
    const facts = { remoteAddress: '', callConnectionId: null, correlationId: null };
    this.stream = new Stream({
      index: 0,
      lane: this.rig.lane,
      facts,
      totals: this.totals,
      nowMs: 0,
      readers: [],
      messagesPerSecondMax: 1e6,
    });
  }

  receive(...messages: (string | Uint8Array)[]): void {
    for (const message of messages) this.stream.receive(Buffer.from(message as string), typeof message !== 'string', 0);
  }

  decode(): void {
    this.decoder.decode(this.rig.word(lane.tail));
  }

  get unaccounted(): number {
    return unaccounted(this.rig.memory, this.totals, this.rig.lane.messagesPushed);
  }
}

const all = [
  metadata(),
  audio(),
  audio({ data: '?' }),
  '{',
  '{"kind":"DtmfData"}',
  '{"kind":"New"}',
  new Uint8Array(3),
];

describe('messages that are unaccounted for', () => {
  it('are none, whatever they are', () => {
    const rig = new AccountRig();
    for (let round = 0; round < 3; round++) {
      rig.receive(...all);
      rig.decode();
      expect(rig.unaccounted).toBe(0);
    }
    expect(account(rig.rig.memory, rig.totals)).toMatchObject({ received: 21, committed: 3, unaccounted: 0 });
  });

  it('are none while messages are in flight, which the account counts', () => {
    const rig = new AccountRig();
    rig.receive(...all);
    rig.decode();
    rig.receive(...all);
    expect(rig.unaccounted).toBe(0);
    // The binary one never comes to a lane.
    expect(account(rig.rig.memory, rig.totals).unaccounted).toBe(all.length - 1);
  });

  it('show when a worker takes one for two, or none', () => {
    const rig = new AccountRig();
    const counted = rig.rig.memory.lanes[0]!;
    rig.receive(audio());
    rig.decode();
    counted.committed += 1;
    rig.receive(audio());
    rig.decode();
    expect(rig.unaccounted).toBe(-1);
    counted.committed -= 3;
    rig.receive(audio());
    rig.decode();
    expect(rig.unaccounted).toBe(2);
  });

  it('show when the main thread receives one and does nothing with it', () => {
    const rig = new AccountRig();
    rig.totals.messagesReceived++;
    expect(rig.unaccounted).toBe(1);
  });

  it('are none when a worker was lost with a message that was counted as lost', async () => {
    const rig = new AccountRig();
    rig.receive(audio(), audio());
    vi.advanceTimersByTime(2);
    rig.rig.takeUp();
    await rig.rig.die();
    expect(rig.rig.lost).toEqual([0]);
    expect(rig.unaccounted).toBe(0);
    expect(account(rig.rig.memory, rig.totals).droppedByReason.worker_lost).toBe(1);
    rig.decode();
    expect(rig.unaccounted).toBe(0);
    expect(account(rig.rig.memory, rig.totals)).toMatchObject({ committed: 1, dropped: 1, unaccounted: 0 });
  });

  it('differ modulo 2^32 messages of a lane', () => {
    const rig = new AccountRig();
    const { f64 } = rig.rig.memory.lanes[0]!;
    f64[lane.committed / 8] = 2 ** 33 - 1;
    rig.rig.lane.messagesPushed = 2 ** 33 - 1;
    rig.totals.messagesReceived = 2 ** 33 - 1;
    rig.receive(audio(), audio());
    rig.decode();
    expect(rig.unaccounted).toBe(0);
    f64[lane.committed / 8]! -= 5;
    rig.receive(audio());
    rig.decode();
    expect(rig.unaccounted).toBe(5);
  });
});
