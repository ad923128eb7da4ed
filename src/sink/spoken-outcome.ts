/** What becomes of a message by which an agent on another machine speaks. */
export const spokenOutcomes = ['taken', 'short', 'refused', 'malformed', 'clear'] as const;
export type SpokenOutcome = (typeof spokenOutcomes)[number];
