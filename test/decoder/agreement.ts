/**
 * Puts a message to every decoder, and compares everything that it leaves behind: outcome, every counter and histogram,
 * the stream's slot, the rings with their timelines, and every frame. Then compares that with the official parser.
 */

import { lane, ring, streamSlot } from '../../src/memory/layout.ts';
import { recordKind, ringState } from '../../src/memory/states.ts';
import { isStuffed } from '../../src/protocol/marks.ts';
import { audio, metadata } from './messages.ts';
import { officialExpectation } from './official.ts';
import { DecoderRig, type OutcomeText, readAll, type SeenFrame, usableDecoders } from './rig.ts';
import { sample, wholePacketSample } from './samples.ts';

/** What the stream has seen before the message. In `known` the participants have rings: frames go straight into them. */
export const contexts = ['fresh', 'known', 'wide', 'refused'] as const;
export type Context = (typeof contexts)[number];

const before: Readonly<Record<Context, readonly Buffer[]>> = {
  fresh: [],
  known: [Buffer.from(metadata()), Buffer.from(audio()), sample(wholePacketSample)],
  wide: [Buffer.from(metadata({ sampleRate: 24_000 }))],
  refused: [Buffer.from(metadata({ channels: 2 }))],
};

interface RingAccount {
  readonly id: string;
  readonly numbers: readonly number[];
  readonly frames: readonly SeenFrame[];
}

interface Account {
  readonly outcome: OutcomeText;
  readonly subscriptionId: string;
  readonly fallbacks: number;
  readonly numbers: readonly number[];
  readonly rings: readonly RingAccount[];
}

const ringWords = [ring.state, ring.sampleRate, ring.slotBytes, ring.head, ring.windowLow, ring.windowHigh];
const ringDoubles = [
  [ring.newestTimestampMs, ring.silentFrames],
  [ring.unsettled, ring.gaps],
  [ring.duplicateFrames, ring.firstTimestampMs],
] as const;

function accountRing(rig: DecoderRig, index: number): RingAccount {
  const at = rig.memory.ringOffset(index);
  const { f64 } = rig.memory.slabOf(index);
  const numbers = ringWords.map((field) => rig.ringWord(index, field));
  for (const [first, last] of ringDoubles) {
    for (let field = first; field <= last; field += 8) numbers.push(f64[(at + field) / 8]!);
  }
  return { id: rig.ringId(index), numbers, frames: readAll(rig.reader(index)).frames };
}

function account(rig: DecoderRig, message: Uint8Array, context: Context): Account {
  rig.nowMs = 1000;
  for (const earlier of before[context]) rig.push(recordKind.message, earlier, 0, 900);
  rig.run();
  const fallbacksBefore = rig.laneCount(lane.fallbacks);
  const outcome = rig.feed(message, { arrivalMs: 925.5 });
  const fallbacks = rig.laneCount(lane.fallbacks) - fallbacksBefore;
  const numbers: number[] = [];
  for (let field = lane.committed; field < lane.note; field += 8) {
    if (field !== lane.fallbacks) numbers.push(rig.laneCount(field));
  }
  // Bit by bit: doubles too.
  for (let field = 0; field < streamSlot.rings; field += 4) numbers.push(rig.streamWord(field));
  const rings = rig.rings().map((index) => accountRing(rig, index));
  const result = { outcome, subscriptionId: rig.subscriptionId(), fallbacks, numbers, rings };
  rig.reset();
  return result;
}

/** Where two accounts differ, or '' when they do not. Fallbacks are each decoder's own. */
function difference(a: Account, b: Account): string {
  if (a.outcome !== b.outcome) return `${a.outcome} / ${b.outcome}`;
  if (a.subscriptionId !== b.subscriptionId) return `subscription ${a.subscriptionId} / ${b.subscriptionId}`;
  const number = differentNumber(a.numbers, b.numbers);
  if (number >= 0) return `number ${number}: ${a.numbers[number]} / ${b.numbers[number]}`;
  if (a.rings.length !== b.rings.length) return `${a.rings.length} / ${b.rings.length} rings`;
  for (let i = 0; i < a.rings.length; i++) {
    const [one, other] = [a.rings[i]!, b.rings[i]!];
    if (one.id !== other.id) return `id ${JSON.stringify(one.id)} / ${JSON.stringify(other.id)}`;
    const field = differentNumber(one.numbers, other.numbers);
    if (field >= 0) return `ring ${i}, number ${field}: ${one.numbers[field]} / ${other.numbers[field]}`;
    if (one.frames.length !== other.frames.length) return `${one.frames.length} / ${other.frames.length} frames`;
    const frame = one.frames.findIndex((seen, n) => !isSameFrame(seen, other.frames[n]!));
    if (frame >= 0) return `frame ${frame}: ${JSON.stringify([one.frames[frame], other.frames[frame]])}`;
  }
  return '';
}

function differentNumber(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
}

function isSameFrame(a: SeenFrame, b: SeenFrame): boolean {
  const numbers = (f: SeenFrame) => [
    f.sequence,
    f.flags,
    f.missingBefore,
    f.timestampMs,
    f.arrivalMs,
    f.positionSamples,
  ];
  return differentNumber(numbers(a), numbers(b)) < 0 && a.pcm.equals(b.pcm);
}

export class Agreement {
  messages = 0;
  /** Messages about which the official parser had something to say. */
  official = 0;
  readonly outcomes = new Map<OutcomeText, number>();
  private readonly rigs = usableDecoders.map((decoder) => ({
    decoder,
    rig: new DecoderRig({ decoder, ringCount: 8, streamCount: 1 }),
  }));

  /** Throws when any two differ about the message. Returns what it counted as and how often the scanner gave up. */
  check(message: Uint8Array, context: Context): { outcome: OutcomeText; fallbacks: number } {
    this.messages++;
    const accounts = this.rigs.map(({ decoder, rig }) => ({ decoder, made: account(rig, message, context) }));
    const reference = accounts.at(-1)!;
    for (const { decoder, made } of accounts) {
      const differs = difference(made, reference.made);
      if (differs !== '')
        throw new Error(`${decoder} / ${reference.decoder}, ${context}: ${differs}\n${show(message)}`);
    }
    this.checkOfficial(message, context, reference.made);
    const { outcome } = reference.made;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    return { outcome, fallbacks: accounts[0]!.made.fallbacks };
  }

  private checkOfficial(message: Uint8Array, context: Context, made: Account): void {
    const expected = officialExpectation(message, context === 'refused');
    if (expected === null) return;
    this.official++;
    // The one thing that the official parser takes, at whatever cost, and we do not.
    if (made.outcome === 'dropped: costly' && isStuffed(message, 0, message.length)) return;
    const complain = (what: string, is: unknown, should: unknown): never => {
      throw new Error(
        `${context}: ${what} ${String(is)}, the official parser implies ${String(should)}\n${show(message)}`,
      );
    };
    if (made.outcome !== expected.outcome) complain('counted as', made.outcome, expected.outcome);
    const { subscriptionId, pcm, timestampMs, silent, id } = expected;
    if (subscriptionId !== undefined && made.subscriptionId !== subscriptionId)
      complain('subscription', made.subscriptionId, subscriptionId);
    if (pcm === undefined) return;
    const earlier = context === 'known' ? 1 : 0;
    const target = made.rings.find(
      ({ frames, numbers }, i) => numbers[0] === ringState.live && frames.length > (i < 2 ? earlier : 0),
    )!;
    const frames = target.frames.slice(made.rings.indexOf(target) < 2 ? earlier : 0);
    const content = Buffer.concat(frames.map((frame) => frame.pcm));
    const wanted = pcm === 'zeros' ? Buffer.alloc(context === 'wide' ? 960 : 640) : pcm;
    if (!content.equals(wanted)) complain('pcm', content.toString('hex'), wanted.toString('hex'));
    if (!Object.is(frames[0]!.timestampMs, timestampMs)) complain('timestamp', frames[0]!.timestampMs, timestampMs);
    if (((frames[0]!.flags & 1) !== 0) !== silent) complain('flags', frames[0]!.flags, silent);
    if (id !== undefined && target.id !== id) complain('id', target.id, id);
  }
}

function show(message: Uint8Array): string {
  const text = Buffer.from(message).toString();
  return JSON.stringify(text.length > 3000 ? `${text.slice(0, 1500)}…${text.slice(-1500)}` : text);
}
