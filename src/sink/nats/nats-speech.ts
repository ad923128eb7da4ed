/**
 * The calls into which agents on other machines may speak, by subject: `<prefix>.<stream>.playback`. Where two streams have one name,
 * the younger one is meant. Sink thread.
 */
import { spokenSilentMs } from '../../base/playback-limits.ts';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import type { SinkStream } from '../sink.ts';
import type { SpokenOutcome } from '../spoken-outcome.ts';
import { NatsInbox } from './nats-inbox.ts';
import { SpokenCall } from './spoken-call.ts';
import { speechSubject } from './subjects.ts';

const sweepIntervalMs = 500;

export class NatsSpeech {
  private readonly spec: NatsSinkSpec;
  private readonly inbox: NatsInbox;
  private readonly onTaken: (outcome: SpokenOutcome) => void;
  private readonly calls = new Map<string, SpokenCall[]>();
  private timer: NodeJS.Timeout | null = null;

  constructor(spec: NatsSinkSpec, report: (error: unknown) => void, onTaken: (outcome: SpokenOutcome) => void) {
    this.spec = spec;
    this.onTaken = onTaken;
    this.inbox = new NatsInbox(spec, report);
  }

  start(): void {
    this.inbox.start();
    this.timer = setInterval(() => this.sweep(), sweepIntervalMs);
  }

  streamStarted(stream: SinkStream): void {
    const subject = speechSubject(this.spec.prefix, stream);
    const call = new SpokenCall(stream, {
      clock: () => performance.now(),
      onTaken: this.onTaken,
      onPlayed: ({ id, number }, played) => {
        const { streamId } = stream;
        const event = { type: 'played', time: new Date().toISOString(), streamId, utterance: id || null, number };
        this.inbox.publish(`${subject}.played`, { ...event, ...played, playedMs: Math.round(played.playedMs) });
      },
    });
    const before = this.calls.get(subject);
    if (before !== undefined) {
      before.push(call);
      return;
    }
    const calls = [call];
    this.calls.set(subject, calls);
    this.inbox.listen(subject, (message) => calls.at(-1)!.take(message));
    this.inbox.listen(`${subject}.clear`, () => calls.at(-1)!.clear());
  }

  streamOver(stream: SinkStream): void {
    const subject = speechSubject(this.spec.prefix, stream);
    const calls = this.calls.get(subject);
    const index = calls?.findIndex((call) => call.stream === stream) ?? -1;
    if (index >= 0) calls!.splice(index, 1);
    if (calls === undefined || calls.length > 0) return;
    this.calls.delete(subject);
    this.inbox.leave(subject);
    this.inbox.leave(`${subject}.clear`);
  }

  async close(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    for (const calls of this.calls.values()) for (const call of calls) call.end();
    await this.inbox.close();
  }

  private sweep(): void {
    for (const calls of this.calls.values()) for (const call of calls) call.endSilent(spokenSilentMs);
  }
}
