/** What becomes of a message, in the words of the metrics. */

/** What a message counts as; `messages_total{outcome}`. */
export const outcomes = ['committed', 'control', 'ignored', 'dropped'] as const;

/** Why a message was dropped; `messages_dropped_total{reason}`. The first group is found by workers, the rest by the main thread. */
export const dropReasons = [
  'malformed_json',
  'malformed_audio',
  'unsupported_format',
  'participant_limit',
  'ring_memory',
  'worker_lost',
  'costly',
  'lane_full',
  'rate_limit',
] as const;
/** Why a message was dropped; docs/metrics.md says what each means. */
export type DropReason = (typeof dropReasons)[number];
const indexed = dropReasons.map((reason, index) => [reason, index]);
/** Where a reason's counter stands among `dropped`. */
export const reasonIndex = Object.fromEntries(indexed) as Readonly<Record<DropReason, number>>;
