/** Ids of participants, short enough for a line of a terminal. Pure; any thread. */

/** `8:acs:…9f029`: what kind it is, and its end, which differs. Phone numbers stay as they are. */
export function shortId(participantId: string | null): string {
  if (participantId === null) return 'everybody';
  if (participantId.length <= 20) return participantId;
  return `${participantId.slice(0, participantId.lastIndexOf(':') + 1)}…${participantId.slice(-8)}`;
}
