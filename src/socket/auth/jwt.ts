/**
 * `--auth jwt`: the JSON Web Token that ACS sends with every connection (RS256; RFC 7515, 7519), checked before the upgrade
 * is accepted. A signature whose key is at hand takes 40 µs and is checked at once, because what is accepted later costs more
 * and may be cut off (`reception.ts`). Main thread.
 */
import { type KeyObject, verify } from 'node:crypto';
import type { JwtFailure } from '../../stream/totals.ts';
import type { Authenticate, Identity } from '../upgrade.ts';
import { bearerOf } from './credentials.ts';
import { type Keys, KeysUnavailable, UnknownKey } from './key-set.ts';

export interface JwtOptions {
  readonly issuer: string;
  /** The immutable resource id of the Communication Services resource; one of several will do. */
  readonly audience: readonly string[];
  /** `log`: count what is wrong, and let in. */
  readonly mode: 'required' | 'log';
  readonly keys: Keys;
  readonly onFailure: (reason: JwtFailure) => void;
  /** For tests. */
  readonly now?: () => Date;
}

/** ACS's clock and ours may differ by so much. */
const clockToleranceSeconds = 60;

export function authenticateJwt(options: JwtOptions): Authenticate {
  const { mode, keys, onFailure, now } = options;
  const conclude = (token: Token, key: KeyObject): Identity => {
    if (isSignedWith(token, key)) return identityOf(token.claims);
    onFailure('signature');
    return null;
  };
  const lookUp = async (token: Token): Promise<Identity> => {
    try {
      return conclude(token, await keys.find(token.kid));
    } catch (error) {
      onFailure(failureOf(error));
      return null;
    }
  };
  const check = (token: Token): Identity | Promise<Identity> => {
    const key = keys.known(token.kid);
    return key === null ? lookUp(token) : conclude(token, key);
  };
  return ({ authorization }) => {
    const text = bearerOf(authorization);
    const token = text === null ? null : tokenOf(text);
    const nowSeconds = (now?.() ?? new Date()).getTime() / 1000;
    const failure = text === null ? 'missing' : problemOf(token, options, nowSeconds);
    if (failure !== null) onFailure(failure);
    else if (mode === 'required') return () => check(token!);
    // No upgrade waits for the verdict.
    else void check(token!);
    if (mode === 'required') return null;
    return token === null ? 'unknown' : identityOf(token.claims);
  };
}

function failureOf(error: unknown): JwtFailure {
  if (error instanceof KeysUnavailable) return 'keys_unavailable';
  return error instanceof UnknownKey ? 'unknown_key' : 'malformed';
}

interface Token {
  readonly algorithm: unknown;
  readonly kid: string | undefined;
  /** Extensions that must be understood (RFC 7515 section 4.1.11): we know none. */
  readonly hasCritical: boolean;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the signature is of. */
  readonly signed: string;
  readonly signature: Buffer;
}

function objectOf(part: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object');
  return value as Readonly<Record<string, unknown>>;
}

/** What a token claims, unverified; null when it is not a token. */
function tokenOf(text: string): Token | null {
  const parts = text.split('.');
  if (parts.length !== 3) return null;
  const [head, body, signature] = parts as [string, string, string];
  try {
    const { alg, kid, crit } = objectOf(head);
    return {
      algorithm: alg,
      kid: typeof kid === 'string' ? kid : undefined,
      hasCritical: crit !== undefined,
      claims: objectOf(body),
      signed: `${head}.${body}`,
      signature: Buffer.from(signature, 'base64url'),
    };
  } catch {
    return null;
  }
}

/** What is wrong at a glance, before a signature is checked. */
function problemOf(token: Token | null, { issuer, audience }: JwtOptions, nowSeconds: number): JwtFailure | null {
  if (token === null || token.hasCritical) return 'malformed';
  const { iss, aud, exp, nbf } = token.claims;
  if (token.algorithm !== 'RS256') return 'algorithm';
  if (iss !== issuer) return 'issuer';
  if (!audience.some((each) => each === aud || (Array.isArray(aud) && aud.includes(each)))) return 'audience';
  if (typeof exp !== 'number' || (nbf !== undefined && typeof nbf !== 'number')) return 'malformed';
  if (nbf !== undefined && nbf > nowSeconds + clockToleranceSeconds) return 'not_yet_valid';
  return exp <= nowSeconds - clockToleranceSeconds ? 'expired' : null;
}

function isSignedWith({ signed, signature }: Token, key: KeyObject): boolean {
  return verify('RSA-SHA256', Buffer.from(signed), key, signature);
}

/** Another token of the same subject, for the same audience, is the same peer: ACS makes one for each connection. */
function identityOf({ sub, aud }: Token['claims']): string {
  return JSON.stringify([sub ?? null, aud ?? null]);
}
