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
  'flood',
  'error',
] as const;
/** Why a stream's socket was closed; `stream_closes_total{cause}`, docs/errors.md. */
export type CloseCause = (typeof closeCauses)[number];

/** Why there was no room for a stream. */
export const overloadCauses = [
  'streams',
  'ring_memory',
  'playback_memory',
  'lanes',
  'event_loop',
  'handshakes',
  'workers',
  'descriptors',
] as const;
export type OverloadCause = (typeof overloadCauses)[number];

/** Why a connection was cut off as soon as it was made: too many of its address, or too many that are no stream. */
export const connectionRefusals = ['address', 'pending'] as const;

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
  /** Connected to the ingest port, and no stream yet; and those that were cut off at once. */
  connectionsPending = 0;
  readonly connectionsRefused = zeros(connectionRefusals);
  /** Sockets that resumed the stream of another one. */
  resumes = 0;
  messagesReceived = 0;
  bytesReceived = 0;
  /** Binary messages: ACS sends none. */
  messagesIgnored = 0;
  messagesLaneFull = 0;
  messagesRateLimited = 0;
  /** Times that no connection was accepted any more, for want of file descriptors. */
  acceptPauses = 0;
  /** Pings and pongs of peers. */
  controlFrames = 0;
}
