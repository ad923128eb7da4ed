/**
 * Who is who: the ids of calls, subscriptions and participants, all derived from the seed. Pure; any thread.
 * Invariant: under one seed two calls never share an id, nor two participants of a call.
 */
import { deriveKey, purposes, scramble } from './random.ts';

export interface CallIdentity {
  readonly callConnectionId: string;
  readonly correlationId: string;
  readonly subscriptionId: string;
}

/** A version 4 GUID. For one seed and purpose it is a bijection of `ordinal`: no two are equal. */
export function guid(seed: number, purpose: number, ordinal: number): string {
  let hex = '';
  for (let lane = 0; lane < 4; lane++) {
    hex += scramble(deriveKey(seed, purpose, lane) + ordinal)
      .toString(16)
      .padStart(8, '0');
  }
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

export function callIdentity(seed: number, call: number): CallIdentity {
  return {
    callConnectionId: guid(seed, purposes.callConnection, call),
    correlationId: guid(seed, purposes.correlation, call),
    subscriptionId: guid(seed, purposes.subscription, call),
  };
}

/** What ACS sends with an upgrade. */
export function identityHeaders(identity: CallIdentity): Record<string, string> {
  return {
    'x-ms-call-connection-id': identity.callConnectionId,
    'x-ms-call-correlation-id': identity.correlationId,
  };
}

/** Numbers +1 555 010 0000 to 9999 are reserved for fiction. */
const phoneNumbers = 10_000;
/** Odd and not divisible by 5: a step through all phone numbers before one comes back. */
const phoneStep = 7919;

/**
 * The raw id of a participant in the forms that ACS uses in turn: an ACS user, a phone number, a bot.
 * `ordinal` numbers the participants of the whole run. Phone numbers repeat after 30,000 participants, in other calls.
 */
export function participantId(seed: number, ordinal: number): string {
  const turn = (ordinal + deriveKey(seed, purposes.participant)) % 3;
  if (turn === 0) {
    return `8:acs:${guid(seed, purposes.participant, 0)}_${guid(seed, purposes.participant, ordinal + 1)}`;
  }
  if (turn === 1) {
    const first = deriveKey(seed, purposes.participant, 1) % phoneNumbers;
    const number = (first + Math.floor(ordinal / 3) * phoneStep) % phoneNumbers;
    return `4:+1555010${String(number).padStart(4, '0')}`;
  }
  return `28:${guid(seed, purposes.participant, ordinal + 1)}`;
}
