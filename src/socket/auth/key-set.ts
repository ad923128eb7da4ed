/**
 * The public keys with which ACS signs its tokens, fetched from its key server (a JWK Set, RFC 7517) and kept. At most one
 * fetch is under way, and one begins at most every so often, however many unknown keys are asked for: a peer cannot make us
 * fetch. Keys stay while the server is away. Main thread.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

export interface KeySetOptions {
  readonly url: string;
  /** A fetch failed; what was there before is kept. Not called again for the same trouble until one succeeded. */
  readonly onError: (message: string) => void;
  readonly clock: () => number;
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

/** There are no keys to check with. */
export class KeysUnavailable extends Error {}

async function fetchKeys(url: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    // Whoever can send us elsewhere must not choose the keys.
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
  return createLocalJWKSet(JSON.parse(Buffer.concat(parts).toString('utf8')) as JSONWebKeySet);
}

export class KeySet {
  private readonly options: KeySetOptions;
  private keys: JWTVerifyGetKey | null = null;
  private fetchedMs = 0;
  private begunMs = Number.NEGATIVE_INFINITY;
  private fetching: Promise<void> | null = null;
  private isFailing = false;

  constructor(options: KeySetOptions) {
    this.options = options;
  }

  /** The key that a token names. Throws `KeysUnavailable`, or jose's `JWKSNoMatchingKey`. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.keys === null) await this.refresh();
    else if (this.options.clock() - this.fetchedMs > refreshMs) void this.refresh();
    if (this.keys === null) throw new KeysUnavailable('no keys');
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.refresh();
      return this.keys(header, token);
    }
  };

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
