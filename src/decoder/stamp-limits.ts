/** What timestamps are trusted for, beside the limits of pauses and clocks in `limits.ts`. */

/** A pause lasts a day at most. */
export const dayMs = 86_400_000;

/** How long a network may stand still, so how far arrivals may lie from timestamps. */
export const stallMsMax = 10_000;

/** How far timestamps wander while nothing is lost: those of which nothing is known yet. */
export const stampWanderMs = 100;

/** An earlier timestamp cannot be one of ACS: the year 2000. */
export const stampMsMin = 946_684_800_000;

/** A timestamp that stays the same for more audio than that says nothing any more. */
export const frozenStampMs = 1_000;

/** Timestamps after which it is clear what wanders and what is lost: half a second of them. */
export const settleFrames = 25;
