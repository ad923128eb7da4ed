/** The limits of audio on its way into calls, each with what it costs. */
import { assertInvariant } from './errors.ts';
import { frameBytes, outgoingBytesMax } from './limits.ts';

/** Memory of audio on its way into calls is given out in blocks: so many whole frames at either rate. Costs a stream that has spoken one. */
export const playbackBlockBytes = 8 * frameBytes(16_000) * 3;

/**
 * Blocks that a stream that may speak has for certain: a second of speech, at either rate. As many streams may speak as have theirs
 * in half of the memory; the other half is for whoever comes first.
 */
export const playbackOwnBlocks = 3;

/** Utterances of a stream that have begun and are not over; a further one waits with its first sample. Costs 76 bytes each. */
export const playbackUtterancesMax = 8;
/** A GUID, in UTF-8 bytes, and some. */
export const playbackIdBytesMax = 40;

/** So much is there before the first frame of a run is sent, or its utterance has ended; and so often a stream that speaks is visited. */
export const playbackPrimeMs = 60;

/** So exactly is a stream visited: those that are due within it share one wake-up. */
export const playbackTickMs = 5;

/** A ping behind the audio so often. A peer that takes longer to answer one, or to read at all, is stalled: it gets nothing more. */
export const playbackPingMs = 1_000;
export const playbackStallMs = 1_000;

/** Frames that one message brings at most; a peer that wants each by itself is not known. Costs a text of 7 KB for each number of them. */
export const playbackMessageFramesMax = 5;

/** What one system call sends at most. It goes out while nothing waits, so room is left for the message that silences it. */
export const playbackBurstBytesMax = 12 * 1024;

/** Live audio that does not come for longer is a pause of its source, not late. */
export const playbackPauseMs = 1_000;

/** Utterances without a sample that one visit clears away. */
export const playbackEmptyPerVisitMax = 64;

/** What an agent on another machine says in one message; costs the sink's thread a few milliseconds when it has to be resampled. */
export const playbackMessageBytesMax = 256 * 1024;
/** An utterance of which an agent has sent nothing for so long is ended: it may have died. */
export const spokenSilentMs = 5_000;
/** Utterances of a call whose late messages are known to be late. */
export const spokenIdsMax = 16;

assertInvariant(
  playbackBlockBytes % frameBytes(16_000) === 0 && playbackBlockBytes % frameBytes(24_000) === 0,
  'a block of audio to be sent holds whole frames at either rate',
);
assertInvariant(
  playbackBurstBytesMax < outgoingBytesMax,
  'audio that a peer does not read leaves room for what silences it',
);
