/**
 * One participant of one call: what it says, and the messages that carry it. Main thread. Nothing is allocated per frame as
 * long as the server keeps up. Invariant: what was handed to the connection is what `sent` has noted.
 */
import { frameBytes, frameDurationMs } from '../base/limits.ts';
import type { AudioPlace } from './audio.ts';
import type { CallContext } from './call-context.ts';
import { type CallerRole, plainRole } from './caller-role.ts';
import type { Connection } from './connection.ts';
import { Expectation } from './expectation.ts';
import { participantId } from './identity.ts';
import { isAudible } from './loudness.ts';
import { malformedKinds } from './malformed.ts';
import { AudioTemplate, type TimestampWriter } from './message.ts';
import type { RunShape } from './options.ts';
import { Pacing } from './pacing.ts';
import { ParticipantPlan, type SlotPlan } from './plan.ts';
import { StampPlan } from './stamping.ts';
import type { Tally } from './tally.ts';
import { placeOf, streamCount } from './timeline.ts';

export class Track {
  /** Null: the mixed stream. */
  readonly id: string | null;
  readonly place: AudioPlace;
  readonly plan: ParticipantPlan;
  readonly sent: Expectation;
  readonly pacing: Pacing;
  private readonly stamps: StampPlan;
  private readonly frameBytes: number;
  private readonly voiced: AudioTemplate;
  private readonly silent: AudioTemplate;
  private readonly timestamps: TimestampWriter;
  private readonly tally: Tally;
  private readonly clock: () => number;
  /** Null: it says nothing in this call, for it is not the caller. */
  private readonly role: CallerRole | null;

  constructor(
    shape: RunShape,
    call: number,
    participant: number,
    frameCount: number,
    timestamps: TimestampWriter,
    tally: Tally,
    clock: () => number,
    role: CallerRole | null,
  ) {
    const mixed = shape.participants === 0;
    this.id = mixed ? null : participantId(shape.seed, call * streamCount(shape) + participant);
    this.place = placeOf(shape, call, participant);
    this.plan = new ParticipantPlan(shape.seed, call, participant, frameCount, shape);
    this.sent = new Expectation(frameCount, mixed);
    this.stamps = new StampPlan(shape.seed, call, participant, shape);
    this.frameBytes = frameBytes(shape.sampleRate);
    this.voiced = new AudioTemplate(this.id, shape.sampleRate, false, this.stamps.isFine);
    this.silent = new AudioTemplate(this.id, shape.sampleRate, true, this.stamps.isFine);
    this.timestamps = timestamps;
    this.tally = tally;
    this.pacing = new Pacing(tally.pacing);
    this.clock = clock;
    this.role = role;
  }

  /** Sends everything that a slot holds. `baseMs` is the wall clock at frame 0. */
  send(slot: SlotPlan, index: number, baseMs: number, connection: Connection): void {
    if (slot.count > 0) this.sendFrame(slot.first, baseMs, connection);
    if (slot.count > 1) this.sendFrame(slot.second, baseMs, connection);
    if (slot.malformed >= 0) this.sendMalformed(slot.malformed, baseMs + index * frameDurationMs, connection);
  }

  private sendFrame(index: number, baseMs: number, connection: Connection): void {
    const now = this.clock();
    const silent = this.plan.isSilent(index) || !this.isSpeaking(now);
    const template = silent ? this.silent : this.voiced;
    const message = template.take(connection.epoch);
    this.timestamps.write(message, template.timestampAt, baseMs + this.stamps.at(index), this.stamps.isFine);
    if (!silent) message.set(this.place.loop.base64(this.place.offset + index), template.dataAt);
    this.pacing.note(index, now);
    connection.sendFrame(message);
    this.sent.note(index, silent);
    if (this.role !== null) this.said(index, silent, now, this.role);
    this.tally.audioFrames++;
    this.tally.bytes += template.messageBytes;
  }

  private isSpeaking(now: number): boolean {
    if (this.role === null) return false;
    return this.role.interrupter === null || this.role.interrupter.isSpeaking(now);
  }

  private said(index: number, silent: boolean, now: number, { interrupter, echo }: CallerRole): void {
    echo?.sent(index, silent, now);
    if (silent || interrupter?.isFindingWords !== true) return;
    if (isAudible(this.place.loop.pcm(this.place.offset + index), this.frameBytes)) interrupter.said(now);
  }

  private sendMalformed(kind: number, wallMs: number, connection: Connection): void {
    const { build, binary, outcome } = malformedKinds[kind]!;
    const context = {
      participantId: this.id,
      timestamp: new Date(wallMs).toISOString(),
      frameBytes: this.frameBytes,
    };
    const message = Buffer.from(build(context));
    connection.send(message, binary);
    this.tally.malformed[outcome]++;
    this.tally.bytes += message.length;
  }
}

/** Those of one call. */
export function tracksOf(context: CallContext, call: number, frameCount: number, role: CallerRole): Track[] {
  const { options, timestamps, tally, clock } = context;
  // Who interrupts is one; what all the others say at the same time would be an answer's end as well.
  const othersRole = role.interrupter === null ? plainRole : null;
  return Array.from(
    { length: streamCount(options) },
    (_, participant) =>
      new Track(
        options,
        call,
        participant,
        frameCount,
        timestamps,
        tally,
        clock,
        participant === 0 ? role : othersRole,
      ),
  );
}
