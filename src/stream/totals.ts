/**
 * What the main thread itself counts, as plain numbers: upgrades, closes, messages that never reached a lane. Metrics
 * read them when scraped. Main thread.
 */
export const upgradeResults = [
  'accepted',
  'unauthorized',
  'forbidden',
  'not_found',
  'overloaded',
  'draining',
  'duplicate',
  'bad_request',
] as const;
export type UpgradeResult = (typeof upgradeResults)[number];

export const closeCauses = [
  'peer',
  'idle',
  'metadata_timeout',
  'drained',
  'superseded',
  'duplicate',
  'too_big',
  'error',
] as const;
export type CloseCause = (typeof closeCauses)[number];

/** Why there was no room for a stream. */
export const overloadCauses = ['streams', 'ring_memory', 'lanes', 'event_loop', 'handshakes', 'workers'] as const;
export type OverloadCause = (typeof overloadCauses)[number];

/** Why a JSON Web Token was not accepted. */
export const jwtFailures = [
  'missing',
  'malformed',
  'algorithm',
  'signature',
  'issuer',
  'audience',
  'expired',
  'not_yet_valid',
  'unknown_key',
  'keys_unavailable',
] as const;
export type JwtFailure = (typeof jwtFailures)[number];

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

export class Totals {
  readonly upgrades = zeros(upgradeResults);
  readonly closes = zeros(closeCauses);
  readonly jwtFailures = zeros(jwtFailures);
  /** Upgrades refused as overloaded, by cause. */
  readonly overloads = zeros(overloadCauses);
  /** Sockets that went on with the stream of another one. */
  resumes = 0;
  messagesReceived = 0;
  bytesReceived = 0;
  /** Binary messages: ACS sends none. */
  messagesIgnored = 0;
  messagesLaneFull = 0;
  messagesRateLimited = 0;
}
