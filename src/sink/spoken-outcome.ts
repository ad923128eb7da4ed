/** What becomes of a message by which an agent on another machine speaks. */

export const spokenOutcomes = ['taken', 'short', 'refused', 'malformed', 'clear'] as const;
/** A key of `acs_gateway_sink_playback_messages_total`, label `outcome`. */
export type SpokenOutcome = (typeof spokenOutcomes)[number];
