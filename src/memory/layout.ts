/**
 * THE layout of everything in shared memory. Offsets are derived here and typed nowhere else. All numbers are bytes from
 * the start of the enclosing block unless the name says otherwise; every 64-bit field lies on a multiple of 8.
 *
 *   control   | magic version geometry … | where to look for a free ring | holder × ringCount |
 *   streams   | slot | slot | …                                     one slot per stream
 *   slab      | ring | ring | … | slots of a ring | slots | …       a ring per participant
 *   lane      | tail | head, counters, histograms | undo note | half | half |   many streams to a lane
 *
 *   ring      | identity, head, timeline | id | counters |          dense: what every frame touches stays in the cache
 *   slots     | slot | slot | …                                     as many as the history is long
 *   slot      | sequence bytes flags missing | timestamp | arrival | position | PCM … |
 *   record    | kind bytes stream ordinal | arrival | message, padded to 8 |
 *
 * Who writes: `control` by compare-and-swap; a stream's slot, its rings, its lane's head and counters by the one worker
 * that holds the lane; records and the tail by the main thread. What one thread writes often lies two cache lines away
 * from what another one does.
 */
import * as limits from '../base/limits.ts';
import { batchBounds, delayBoundsMs, histogramDoubles, jitterBoundsMs, residenceBoundsMs } from './histogram.ts';
import { Offsets } from './offsets.ts';
import { dropReasons } from './outcomes.ts';

/** "ACSG", and a version that changes with every change of this file. */
export const layoutMagic = 0x41_43_53_47;
export const layoutVersion = 13;

// ── control ────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Words of a gate, and where each stands among them. */
export const gateWords = 4;
export const gate = { thread: 0, urges: 1, moves: 2 } as const;
const controlOffsets = new Offsets();
export const control = {
  magic: controlOffsets.i32(),
  version: controlOffsets.i32(),
  ringCount: controlOffsets.i32(),
  ringSlotCount: controlOffsets.i32(),
  streamCount: controlOffsets.i32(),
  participantsMax: controlOffsets.i32(),
  laneCount: controlOffsets.i32(),
  laneHalfBytes: controlOffsets.i32(),
  ringFramesMax: controlOffsets.i32(),
  /** Of each gate (`ring/gate.ts`), so many words: who holds it, how often it was urged, how often its reader has moved on. */
  gates: controlOffsets.apart().i32(limits.gatesMax * gateWords),
  /** Where to look for a free ring first. */
  freeFrom: controlOffsets.apart().i32(),
  /** Rings that the main thread writes itself. */
  ringsHeld: controlOffsets.i32(),
  /** Which lane has a ring, one word per ring: its index plus one; one more than lanes: the main thread; 0: the ring is free. */
  holders: controlOffsets.apart().end,
} as const;

// ── stream slot ────────────────────────────────────────────────────────────────────────────────────────────────────
const streamOffsets = new Offsets();
export const streamSlot = {
  subscriptionId: streamOffsets.bytes(limits.subscriptionIdBytesMax),
  subscriptionIdBytes: streamOffsets.i32(),
  dropped: streamOffsets.f64(dropReasons.length),
  /** When the stream's last socket broke off, ms on the process's clock; 0: none did. Written by the main thread. */
  brokeOffMs: streamOffsets.f64(),
  /** When it was connected, on the same clock. Written by the main thread. */
  beganMs: streamOffsets.f64(),
  /** Time of workers that its messages took and that is not paid back, and when that was so; see `costly-budget.ts`. */
  costlyMs: streamOffsets.f64(2),
  /** Messages that were no audio and are not paid back, and when that was so. */
  otherMessages: streamOffsets.f64(2),
  /** The same of the time for which its frames waited for readers; see `gating.ts`. */
  gatedMs: streamOffsets.f64(2),
  // What every frame touches, in one cache line, and right behind it the rings.
  /** 16000 or 24000; 0 until known; -1 after metadata that we do not support. */
  sampleRate: streamOffsets.line().i32(),
  metadataCount: streamOffsets.i32(),
  participantCount: streamOffsets.i32(),
  /** How far the stream's end has come; see `streamEnd`. */
  end: streamOffsets.i32(),
  /** Arrival of the last audio that was committed, ms on the process's clock; 0 before. */
  lastAudioMs: streamOffsets.f64(),
  committed: streamOffsets.f64(),
  control: streamOffsets.f64(),
  ignored: streamOffsets.f64(),
  audioBeforeMetadata: streamOffsets.f64(),
  /** 1 once an id was seen: the stream is unmixed. */
  unmixed: streamOffsets.i32(),
  /** Ring indices, one word per participant, in order of appearance. */
  rings: streamOffsets.line().bytes(0),
} as const;

// ── ring ───────────────────────────────────────────────────────────────────────────────────────────────────────────
const ringOffsets = new Offsets();
export const ring = {
  // What every frame touches, in two cache lines. Readers look at the first one too: at fifty frames a second that costs
  // less than more lines would.
  /** Changes whenever the ring passes to another participant. */
  generation: ringOffsets.i32(),
  state: ringOffsets.i32(),
  sampleRate: ringOffsets.i32(),
  slotBytes: ringOffsets.i32(),
  idBytes: ringOffsets.i32(),
  /** Frames published so far: the sequence number of the next one. Published last, read by every reader. */
  head: ringOffsets.i32(),
  // The timeline, written by the decoder only: where the newest packet lies, and which of the last 64 were seen.
  windowLow: ringOffsets.i32(),
  windowHigh: ringOffsets.i32(),
  newestTimestampMs: ringOffsets.f64(),
  newestPositionSamples: ringOffsets.f64(),
  newestSamples: ringOffsets.f64(),
  /** The timestamp that the next packet would have; see `stamp-grid.ts`. */
  gridMs: ringOffsets.f64(),
  jitterMs: ringOffsets.f64(),
  /** Arrival and timestamp of the last packet. */
  referenceArrivalMs: ringOffsets.f64(),
  referenceTimestampMs: ringOffsets.f64(),
  jitterWorstMs: ringOffsets.f64(),
  jitterSumMs: ringOffsets.f64(),
  jitterCount: ringOffsets.f64(),
  silentFrames: ringOffsets.f64(),
  /** At this head the writer looks how far readers with a gate have come. */
  gateAt: ringOffsets.i32(),
  // What was learnt of the participant's timestamps (`stamp-state.ts`). `unsettled`: 0 when they are regular, and nothing is open.
  unsettled: ringOffsets.f64(),
  highestTimestampMs: ringOffsets.f64(),
  originMs: ringOffsets.f64(),
  leastTransitMs: ringOffsets.f64(),
  learntStamps: ringOffsets.f64(),
  wanderMs: ringOffsets.f64(),
  sameStamps: ringOffsets.f64(3),
  lateStamps: ringOffsets.f64(7),
  earlyStamps: ringOffsets.f64(2),
  doubtfulSteps: ringOffsets.f64(6),
  // Counters that most frames do not change, written by the decoder only.
  missingFrames: ringOffsets.f64(),
  gaps: ringOffsets.f64(),
  duplicateFrames: ringOffsets.f64(),
  outOfOrderFrames: ringOffsets.f64(),
  pauses: ringOffsets.f64(),
  unusableStamps: ringOffsets.f64(),
  firstTimestampMs: ringOffsets.f64(),
  firstArrivalMs: ringOffsets.f64(),
  id: ringOffsets.line().bytes(limits.participantIdBytesMax),
  // Written by readers.
  /** Of each gate: the sequence number of the first frame that may not be overwritten, plus one; 0: its reader does not know the ring. */
  gates: ringOffsets.apart().i32(limits.gatesMax),
  end: ringOffsets.apart().end,
} as const;

const slotOffsets = new Offsets();
export const slot = {
  sequence: slotOffsets.i32(),
  pcmBytes: slotOffsets.i32(),
  flags: slotOffsets.i32(),
  missingBefore: slotOffsets.i32(),
  timestampMs: slotOffsets.f64(),
  arrivalMs: slotOffsets.f64(),
  positionSamples: slotOffsets.f64(),
  pcm: slotOffsets.bytes(0),
} as const;

// ── undo note ──────────────────────────────────────────────────────────────────────────────────────────────────────
/** Counters of a lane that every frame adds to, and the others. */
const laneFrameCounts = 4;
const laneOtherCounts = 11 + dropReasons.length;
const noteOffsets = new Offsets();
/** From `lane.note`: what the record in hand changes, as it was before; see `undo-note.ts`. */
export const note = {
  /** The parts that hold; 0 between two records. */
  state: noteOffsets.i32(),
  // Which ring, and what every frame changes in it.
  ring: noteOffsets.i32(),
  head: noteOffsets.i32(),
  windowLow: noteOffsets.i32(),
  windowHigh: noteOffsets.i32(),
  timeline: noteOffsets.f64((ring.silentFrames - ring.newestTimestampMs) / 8 + 1),
  // What every frame adds to; `buckets`: of jitter, deviation, residence and stamp deviation, a byte each.
  buckets: noteOffsets.i32(),
  histograms: noteOffsets.f64(9),
  laneCounts: noteOffsets.f64(laneFrameCounts),
  streamCounts: noteOffsets.f64(2),
  // The other counters of the lane and of the ring, and the stream's slot up to its rings.
  laneOthers: noteOffsets.f64(laneOtherCounts),
  streamSlot: noteOffsets.bytes(streamSlot.rings),
  /** Of one reason for dropping: its index, and the two counters. */
  dropReason: noteOffsets.i32(),
  drops: noteOffsets.f64(2),
  fallbacks: noteOffsets.f64(),
  ringStamps: noteOffsets.f64((ring.missingFrames - ring.unsettled) / 8),
  ringGaps: noteOffsets.f64(2),
  ringOthers: noteOffsets.f64(4),
  /** The ring that is being taken from the pool or given back, plus one; 0: none. */
  ringInHand: noteOffsets.i32(),
  // What does not go straight into a slot, such as several frames, and how it is to be published.
  packetBytes: noteOffsets.i32(),
  packetFlags: noteOffsets.i32(),
  packetMissing: noteOffsets.i32(),
  packetTimestampMs: noteOffsets.f64(),
  packetArrivalMs: noteOffsets.f64(),
  packetPosition: noteOffsets.f64(),
  packetPcm: noteOffsets.bytes(limits.packetBytesMax),
  end: noteOffsets.end,
} as const;

// ── record ─────────────────────────────────────────────────────────────────────────────────────────────────────────
const recordOffsets = new Offsets();
export const record = {
  /** One of `recordKind`. */
  kind: recordOffsets.i32(),
  payloadBytes: recordOffsets.i32(),
  stream: recordOffsets.i32(),
  /** Of a message: its sequence number in the lane, modulo 2^32. The counters are held against it. */
  ordinal: recordOffsets.i32(),
  arrivalMs: recordOffsets.f64(),
  payload: recordOffsets.bytes(0),
} as const;

// ── lane ───────────────────────────────────────────────────────────────────────────────────────────────────────────
const laneOffsets = new Offsets();
export const lane = {
  // Written by the main thread.
  /** Where the next record will stand, counted from `halves`. Published behind the record. */
  tail: laneOffsets.i32(),

  // Written by the worker that holds the lane.
  /** Where the oldest record stands that still counts as occupied. Published when the records before it are dealt with. */
  head: laneOffsets.apart().i32(),
  /** Odd while the worker is parked and must be woken; counts up at both changes. */
  parked: laneOffsets.i32(),
  /** Ends of the record taken up last and of the record finished last: if they differ, one was in hand when the worker died. */
  begun: laneOffsets.i32(),
  done: laneOffsets.i32(),
  /** Rings that the lane's streams have. */
  ringsHeld: laneOffsets.i32(),
  /** Time spent decoding. */
  busyMs: laneOffsets.f64(),
  /** What its streams took of that with costly messages and that is not paid back, and when that was so. */
  costlyMs: laneOffsets.f64(2),
  /** The same of the time for which it waited for readers; all of that, for each gate; and the moves of a reader that is not waited for. */
  gateDebtMs: laneOffsets.f64(2),
  gatedMs: laneOffsets.f64(limits.gatesMax),
  gateGivenUp: laneOffsets.i32(limits.gatesMax),
  /** Counts up while it waits for a reader. */
  gateWaits: laneOffsets.i32(),
  /** Rings whose readers shall read at once: how many were named, ever, and the latest of them. */
  urgedCount: laneOffsets.i32(),
  urged: laneOffsets.i32(limits.urgedRingsMax),
  // What every frame adds to.
  committed: laneOffsets.f64(),
  frames: laneOffsets.f64(),
  silentFrames: laneOffsets.f64(),
  pcmBytes: laneOffsets.f64(),
  // What some records add to.
  control: laneOffsets.f64(),
  ignored: laneOffsets.f64(),
  dropped: laneOffsets.f64(dropReasons.length),
  missingFrames: laneOffsets.f64(),
  gaps: laneOffsets.f64(),
  duplicateFrames: laneOffsets.f64(),
  outOfOrderFrames: laneOffsets.f64(),
  audioBeforeMetadata: laneOffsets.f64(),
  fallbacks: laneOffsets.f64(),
  pauses: laneOffsets.f64(),
  clockSteps: laneOffsets.f64(),
  unusableStamps: laneOffsets.f64(),
  /** Messages dealt with that are in none of the counters, or, if negative, in two: 0, or the decoder is wrong. */
  unaccounted: laneOffsets.f64(),

  // Histograms; the last two tell of the worker that has the lane.
  jitter: laneOffsets.f64(histogramDoubles(jitterBoundsMs)),
  deviation: laneOffsets.f64(histogramDoubles(jitterBoundsMs)),
  /** Of the `closeLooks` at timestamps; all others lie on their grid. */
  stampDeviation: laneOffsets.f64(histogramDoubles(jitterBoundsMs)),
  closeLooks: laneOffsets.f64(),
  residence: laneOffsets.f64(histogramDoubles(residenceBoundsMs)),
  batch: laneOffsets.f64(histogramDoubles(batchBounds)),
  delay: laneOffsets.f64(histogramDoubles(delayBoundsMs)),
  gcPause: laneOffsets.f64(histogramDoubles(delayBoundsMs)),

  note: laneOffsets.apart().bytes(note.end),
  halves: laneOffsets.apart().end,
} as const;
