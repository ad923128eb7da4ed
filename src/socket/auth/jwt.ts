/**
 * `--auth jwt`: the JSON Web Token that ACS sends with every connection (RS256, RFC 7519), checked before the upgrade is
 * accepted. The only importer of jose, with key-set.ts. Main thread; signatures are verified in Node's own thread pool.
 */
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import type { JwtFailure } from '../../stream/totals.ts';
import type { Authenticate, Identity } from '../upgrade.ts';
import { bearerOf } from './credentials.ts';
import { KeysUnavailable } from './key-set.ts';

export interface JwtOptions {
  readonly issuer: string;
  /** The immutable resource id of the Communication Services resource; one of several will do. */
  readonly audience: readonly string[];
  /** `log`: count what is wrong, and let in. */
  readonly mode: 'required' | 'log';
  readonly findKey: JWTVerifyGetKey;
  readonly onFailure: (reason: JwtFailure) => void;
  /** For tests. */
  readonly now?: () => Date;
}

/** ACS's clock and ours may differ by so much. */
const clockToleranceSeconds = 60;

const failureOfClaim: Readonly<Record<string, JwtFailure>> = {
  iss: 'issuer',
  aud: 'audience',
  nbf: 'not_yet_valid',
};

function failureOf(error: unknown): JwtFailure {
  if (error instanceof KeysUnavailable) return 'keys_unavailable';
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return failureOfClaim[error.claim] ?? 'malformed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'unknown_key';
  return 'malformed';
}

export function authenticateJwt(options: JwtOptions): Authenticate {
  const { issuer, audience, mode, findKey, onFailure, now } = options;
  const verify = async (token: string): Promise<Identity> => {
    const checks: JWTVerifyOptions = {
      algorithms: ['RS256'],
      issuer,
      audience: [...audience],
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp'],
      ...(now === undefined ? {} : { currentDate: now() }),
    };
    try {
      const { payload } = await jwtVerify(token, findKey, checks);
      return identityOf(payload);
    } catch (error) {
      onFailure(failureOf(error));
      return null;
    }
  };
  return ({ authorization }) => {
    const token = bearerOf(authorization);
    const claims = token === null ? null : claimsOf(token);
    const nowSeconds = (now?.() ?? new Date()).getTime() / 1000;
    const failure = token === null ? 'missing' : problemOf(claims, options, nowSeconds);
    if (failure !== null) onFailure(failure);
    else if (mode === 'required') return () => verify(token!);
    // Nobody waits for the verdict.
    else void verify(token!);
    if (mode === 'required') return null;
    return claims === null ? 'unknown' : identityOf(claims.payload);
  };
}

/** Another token of the same subject, for the same audience, is the same peer: ACS makes one for each connection. */
function identityOf({ sub, aud }: JWTPayload): string {
  return JSON.stringify([sub ?? null, aud ?? null]);
}

interface Claims {
  readonly algorithm: string | undefined;
  readonly payload: JWTPayload;
}

/** What a token says, whoever signed it; null when it is none. */
function claimsOf(token: string): Claims | null {
  try {
    return { algorithm: decodeProtectedHeader(token).alg, payload: decodeJwt(token) };
  } catch {
    return null;
  }
}

/** What is wrong at a glance, before a signature is checked. Only what the check itself would find as well. */
function problemOf(claims: Claims | null, { issuer, audience }: JwtOptions, nowSeconds: number): JwtFailure | null {
  if (claims === null) return 'malformed';
  const { iss, aud, exp } = claims.payload;
  if (claims.algorithm !== 'RS256') return 'algorithm';
  if (iss !== issuer) return 'issuer';
  if (!audience.some((each) => each === aud || (Array.isArray(aud) && aud.includes(each)))) return 'audience';
  if (typeof exp !== 'number') return 'malformed';
  return exp <= nowSeconds - clockToleranceSeconds ? 'expired' : null;
}
