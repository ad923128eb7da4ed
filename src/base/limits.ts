/**
 * Every limit of the gateway in one place, each with what it costs. Relations between them are asserted at load, so
 * that a change here that would break an invariant elsewhere fails at once and by name.
 */
import { assertInvariant } from './errors.ts';

/** Duration of one frame: ACS sends 50 messages a second per participant. */
export const frameDurationMs = 20;
export const framesPerSecond = 1000 / frameDurationMs;
export const bytesPerSample = 2;

/** The only sample rates that ACS offers (AudioMetadata.sampleRate). */
export const sampleRates = [16_000, 24_000] as const;
export type SampleRate = (typeof sampleRates)[number];

/** Bytes of one 20 ms frame: 640 at 16 kHz, 960 at 24 kHz. */
export function frameBytes(sampleRate: number): number {
  return (sampleRate * frameDurationMs * bytesPerSample) / 1000;
}
export const frameBytesMax = frameBytes(24_000);

/**
 * Most PCM in one message. Old ACS pages announce packets of 64 KB; a longer one is refused as malformed audio. It costs
 * ring history: a ring must hold at least one such packet, or a reader could be lapped by a single message.
 */
export const packetBytesMax = 65_536;
export const packetFramesMax = Math.ceil(packetBytesMax / frameBytes(16_000));

/** Longest participant id in UTF-8 bytes; ACS's longest form has 79. Costs this much in every ring. */
export const participantIdBytesMax = 256;

/** Longest subscription id kept, in UTF-8 bytes; ACS's are GUIDs of 36. Costs this much in every stream slot. */
export const subscriptionIdBytesMax = 128;

/** Longest call connection id or correlation id kept from the request's headers, in characters. */
export const callIdCharsMax = 256;

/** Longest label kept of a request's query or path, in characters, and how many of them. Cost this much in every stream. */
export const labelLimits = { charsMax: 256, most: 16 } as const;

/**
 * One half of a lane. Costs virtual memory only; what is really touched is what piles up while a worker is late:
 * 150,000 frames/s on one lane fill 32 MiB in 200 ms.
 */
export const laneHalfBytes = 32 * 1024 * 1024;

/**
 * A lane that is found empty changes over to its other half once it has come this far, so that a lane whose worker keeps
 * up lives in the processor's cache. Costs one more record now and then.
 */
export const laneTurnBytes = 64 * 1024;

/** What a stream may always have in a half of a lane that has room. A thousand streams that send what they can leave half of it. */
export const laneShareBytesMin = 16 * 1024;

/** How often the main thread looks whether decode workers do something. Costs some loads per worker. */
export const decodeWatchMs = 100;

/**
 * A lease in which nothing moves for so long hangs: its thread is ended, and the message in hand is lost. Far longer than any
 * single record takes, or that one would be lost for nothing. With the start of another thread it is shorter than the history of
 * a ring, or its readers would be lapped when the lane is caught up with.
 */
export const decodeHangMs = 1_000;

/** A decode thread that is not up by then never will be: it is ended, and another one started. */
export const decodeStartMsMax = 20_000;

/** How long to wait before a decode thread that failed to start is started again: longer each time, up to a limit. */
export const decodeRestartMs = { first: 100, most: 500 } as const;

/** Without one of its decode workers for so long, the gateway is degraded: it takes no new stream. A replacement takes less. */
export const degradedAfterMs = 1_000;

/** Degraded for so long, the gateway gives up, so that its supervisor can act. It has tried all the time. */
export const degradedMsMax = 60_000;

/** How long decode threads may take to end when the gateway does; one that hangs in the kernel never does. */
export const decodeStopMsMax = 2_000;

/** News of streams (a participant, an end) wait so long for others: each costs a message, and many calls begin at a time. */
export const changesDelayMs = 10;

/**
 * Frames of one ring; then its participant continues in another one. Sequence numbers and heads are 32-bit integers, and a packet
 * may bring more frames than one. 248 days of a call, or 11 hours of a peer that floods us as fast as it may.
 */
export const ringFramesMax = 2 ** 30;

/** Ring memory is reserved in slabs of this size, so that every offset stays a small integer. Costs address space only. */
export const ringSlabBytes = 64 * 1024 * 1024;

/** Frames behind the newest for which late and duplicate frames are distinguished (two 32-bit words per participant). */
export const reorderWindowFrames = 64;

/**
 * In unmixed mode a participant who is silent for this long has lost dominance (ACS streams four speakers at most): a
 * pause, not a loss. The frames of a hole that is not longer than this are counted as missing.
 */
export const idleGapMs = 500;

/** A participant heard this short a time before a socket broke off was talking: what is missing then is a loss, not a pause. */
export const talkingMs = 200;

/** A connected stream without audio for so long counts as one without: ACS sends mixed audio all the time, silence too. */
export const withoutAudioMs = 5_000;

/** How often it is looked for streams that stall, and how long what comes behind a stall is watched. Costs two loads a stream. */
export const stallWatch = { lookMs: 200, settleMs: 500 } as const;

/** A hole longer than this that our own clock does not confirm is ACS's clock being set: the timeline continues without a hole. */
export const timelineJumpMsMax = 120_000;

/** Readers of an ended stream have this long to drain its rings before the memory is given to another stream. */
export const ringLingerMs = 10_000;

/** How long the lanes may take to deal with what was received, and readers to drain it, when the gateway ends. */
export const flushMsMax = ringLingerMs + 1_500;

/** How long sinks may take to finish once every stream has ended: as long as there is time, but not less than the least. */
export const sinkStopMs = { least: 1_500, most: 10_000 } as const;

/** How long what hangs may still keep the process alive once everything else has ended. */
export const exitLingerMs = 500;

/** The process has ended so long after its last call, whatever hangs. A supervisor waits for this and the drain. */
export const exitMsMax = 15_000;

/** How long a thread may take to end; beyond that it is in a system call, and nothing waits for it. */
export const threadEndMsMax = 500;

/** How long a thread that is no longer needed may still load its modules before it is terminated. */
export const threadLoadMsMax = 1000;

/** A sink or a capture that is not ready after so long never will be. A module may have a model to load. */
export const threadReadyMsMax = 60_000;

/** Sinks' threads that could not be ended, beside the one that runs. Each costs its memory until its system call returns. */
export const abandonedThreadsMax = 2;

/** What a thread of a sink or a capture may hold outside of its heap, as in buffers: one that leaks is replaced. */
export const externalBytesMax = 512 * 1024 * 1024;

/** Share of the rings that new streams do not get: running ones have further participants. */
export const ringReserveShare = 0.05;

/** Runs of --on-recording at a time, calls that wait for one, and how long one may take. A process each, and some kilobytes a call. */
export const recordingCommands = { most: 4, waitingMax: 10_000, msMax: 3_600_000 } as const;

/** No new stream while more than this waits in a lane: at 75,000 frames a second a tenth of a second. */
export const laneBacklogBytesMax = 8 * 1024 * 1024;

/** No new stream while the main thread is later than this on average: five frames of every call. */
export const loopLateMsMax = 100;

/** A stream may catch up for so long at the highest rate it is allowed, before its messages are dropped. */
export const catchUpSeconds = 10;

/** A message counts for as many as it has pieces of this size; one of ACS has one or two. */
export const messageUnitBytes = 4096;

/** Messages that a stream may send beyond its limit before it is ended: to drop one costs a third of taking it. */
export const excessMessagesMax = 5_000;
/** The same when its address did so before. */
export const excessMessagesOfDebtorMax = 100;

/**
 * Decode workers' time for messages that are not plain audio: the share that each stream has for certain, and that all streams
 * of a lane have; and what each may save up, ms. Metadata take some microseconds; ten calls a second cost a lane next to nothing.
 */
export const costlyShare = { ofStream: 0.001, ofLane: 0.1 } as const;
export const costlySavedMs = { ofStream: 1, ofLane: 10 } as const;

/** Tones, marks, metadata, what cannot be read: so many of a stream at once, and so many in a millisecond. 16 participants send less. */
export const otherMessages = { atOnceMax: 250, perMs: 1 } as const;

/** What is longer is audio or of no use, and audio is few values: one is most of it. A parser takes 250 ns for each value. */
export const plainMessageBytesMax = 8 * 1024;
export const longMessageMarksMax = 256;

/** Messages dropped for what they cost before their stream is ended, and one more for each second of it. */
export const costlyMessagesMax = 250;

/** What such a message, and a millisecond of a worker, count for in the debt of an address; and what each stream may have of it. */
export const costlyMessageUnits = 64;
export const unitsPerCostlyMs = 250;
export const forgivenCostlyMs = 0.1;

/** Readers that the decoder may wait for, one word each in every ring; and rings of a lane that are remembered as urgent. */
export const gatesMax = 8;
export const urgedRingsMax = 256;

/** Metadata have some 200 bytes; nothing longer is looked at, and no more than so many of a stream's messages. */
export const metadataBytesMax = 2048;
export const metadataReadMax = 4;

/** Connections that have not become a stream, at a time. Costs a descriptor and some kilobytes each, for 10 s at most. */
export const pendingConnectionsMax = 4_000;

/** What such a connection can make us hold: a request, and the state of TLS. */
export const pendingConnectionBytes = 64 * 1024;

/** Answers to pings that a peer does not read; those beyond are forgotten. */
export const outgoingBytesMax = 16 * 1024;

/** Connections that an address may make in a second, at the least: health checks and the upgrades that are refused. */
export const connectionsPerAddressMin = 1_000;

/** Connections to the admin port at a time; one more costs the oldest its place. Each may wait for one answer. */
export const adminConnectionsMax = 64;
/** More that come in the same instant, or have become the console's, are cut off before they cost anything. */
export const adminSocketsMax = 128;

/** From the connection to the end of its answer. A scrape has 10 s as a rule; `/streams` of 10,000 streams takes longer. */
export const adminAnswerMsMax = 60_000;

/** The admin port's share of the main thread, and what it may save up: a scrape, or a look at thousands of streams at once. */
export const adminShare = 0.05;
export const adminSavedMsMax = 500;

/** What a connection to the admin port costs the main thread, at a guess on the safe side. */
export const adminConnectionMs = 0.2;

/** File descriptors that connections do not get: files of sinks, the admin port, threads. */
export const descriptorReserveShare = 0.05;
export const descriptorReserveMin = 32;
export const descriptorReserveMax = 1_024;

/** Handshakes whose credentials are being checked at a time. Costs a request and a token each. */
export const pendingHandshakesMax = 2_000;

/** uWebSockets.js cuts a connection off without a close frame beyond its own limit; ours, with 1009, comes first. */
export const hardMessageBytesFactor = 2;

assertInvariant(ringFramesMax + packetFramesMax < 2 ** 31, 'a head must be a positive 32-bit integer');
assertInvariant(ringSlabBytes < 2 ** 31, 'offsets into a slab must be small integers');
assertInvariant(
  decodeHangMs >= 10 * decodeWatchMs && degradedMsMax > decodeStartMsMax,
  'a thread is given up only after several looks, and the gateway only after a thread',
);
assertInvariant(reorderWindowFrames === 64, 'the reorder window is kept in two 32-bit words');
assertInvariant(
  idleGapMs > reorderWindowFrames * 2 && timelineJumpMsMax > idleGapMs,
  'a pause is longer than any reordering and shorter than a clock change',
);
assertInvariant(
  flushMsMax + sinkStopMs.least + 2 * threadEndMsMax + exitLingerMs < exitMsMax,
  'everything that has a deadline when the process ends has it in time',
);
