/**
 * The public keys with which ACS signs its tokens, fetched from its key server (a JWK Set, RFC 7517) and kept. At most one
 * fetch is under way, and one begins at most every so often, however many unknown keys are asked for: a peer cannot make us
 * fetch. Keys stay while the server is away. Main thread.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

export interface KeySetOptions {
  readonly url: string;
  /** A fetch failed; what was there before is kept. Not called again for the same trouble until one succeeded. */
  readonly onError: (message: string) => void;
  readonly clock: () => number;
}

/** Where a token's key is looked up: by the name in its header, if it has one. */
export interface Keys {
  /** Without waiting; null if it is not at hand. */
  known(kid: string | undefined): KeyObject | null;
  /** Throws `KeysUnavailable`, `UnknownKey`. */
  find(kid: string | undefined): Promise<KeyObject>;
}

/** Keys are looked up again after so long, beside the handshake that notices it: a key that was withdrawn goes then. */
const refreshMs = 10 * 60_000;
/** Between the beginnings of two fetches. ACS announces keys days before it signs with them. */
const refreshPauseMs = 30_000;
/** The same as long as there are no keys at all. */
const firstPauseMs = 2_000;
const fetchTimeoutMs = 5_000;
/** A set of keys has some kilobytes. */
const bodyBytesMax = 1_048_576;
/** RFC 7518 section 3.3: RS256 wants no shorter one. */
const modulusBitsMin = 2048;

/** There are no keys to check with. */
export class KeysUnavailable extends Error {}
/** None of the keys has the name that a token gives, or a token names none and there are several. */
export class UnknownKey extends Error {}

interface PublicKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
}

/** A key as a JWK Set lists it; null if it is not one that RS256 signatures are checked with. */
function publicKeyOf(jwk: JsonWebKey): PublicKey | null {
  const { kty, kid, alg, use } = jwk;
  if (kty !== 'RSA' || (alg ?? 'RS256') !== 'RS256' || (use ?? 'sig') !== 'sig') return null;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // The others are good all the same.
    return null;
  }
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < modulusBitsMin) return null;
  return { kid: typeof kid === 'string' ? kid : undefined, key };
}

async function fetchKeys(url: string): Promise<PublicKey[]> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    // A server that redirects us must not choose the keys.
    redirect: 'error',
    signal: AbortSignal.timeout(fetchTimeoutMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += (part as Uint8Array).length;
    if (bytes > bodyBytesMax) throw new Error(`the answer is longer than ${bodyBytesMax} bytes`);
    parts.push(part as Uint8Array);
  }
  const { keys } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('the answer is no JWK Set');
  return keys.flatMap((jwk: JsonWebKey) => publicKeyOf(jwk) ?? []);
}

export class KeySet implements Keys {
  private readonly options: KeySetOptions;
  private keys: readonly PublicKey[] | null = null;
  private fetchedMs = 0;
  private begunMs = Number.NEGATIVE_INFINITY;
  private fetching: Promise<void> | null = null;
  private isFailing = false;

  constructor(options: KeySetOptions) {
    this.options = options;
  }

  known(kid: string | undefined): KeyObject | null {
    if (this.keys === null) return null;
    if (this.options.clock() - this.fetchedMs > refreshMs) void this.refresh();
    const fitting = this.keys.filter((each) => kid === undefined || each.kid === kid);
    return fitting.length === 1 ? fitting[0]!.key : null;
  }

  async find(kid: string | undefined): Promise<KeyObject> {
    const known = this.known(kid);
    if (known !== null) return known;
    await this.refresh();
    if (this.keys === null) throw new KeysUnavailable('no keys');
    const found = this.known(kid);
    if (found === null) throw new UnknownKey('no applicable key');
    return found;
  }

  /** Fetches the keys, or waits for the fetch that is under way, or does nothing when the last one was just now. Never throws. */
  refresh(): Promise<void> {
    const nowMs = this.options.clock();
    const pauseMs = this.keys === null ? firstPauseMs : refreshPauseMs;
    if (this.fetching === null && nowMs - this.begunMs >= pauseMs) {
      this.begunMs = nowMs;
      this.fetching = this.fetchOnce().finally(() => {
        this.fetching = null;
      });
    }
    return this.fetching ?? Promise.resolve();
  }

  private async fetchOnce(): Promise<void> {
    try {
      this.keys = await fetchKeys(this.options.url);
      this.fetchedMs = this.options.clock();
      this.isFailing = false;
    } catch (error) {
      if (this.isFailing) return;
      this.isFailing = true;
      const { message, cause } = error as Error;
      this.options.onError(cause instanceof Error ? `${message}: ${cause.message}` : message);
    }
  }
}
