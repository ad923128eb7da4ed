/**
 * `--auth jwt`: the JSON Web Token that ACS sends with every connection (RS256, RFC 7519), checked before the upgrade is
 * accepted. The only importer of jose, with key-set.ts. Main thread; signatures are verified in Node's own thread pool.
 */
import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { JwtFailure } from '../../stream/totals.ts';
import type { Authenticate, RequestSnapshot } from '../upgrade.ts';
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
  const verify = async (request: RequestSnapshot): Promise<boolean> => {
    const token = bearerOf(request.authorization);
    if (token === null) {
      onFailure('missing');
      return false;
    }
    const checks: JWTVerifyOptions = {
      algorithms: ['RS256'],
      issuer,
      audience: [...audience],
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp'],
      ...(now === undefined ? {} : { currentDate: now() }),
    };
    try {
      await jwtVerify(token, findKey, checks);
      return true;
    } catch (error) {
      onFailure(failureOf(error));
      return false;
    }
  };
  if (mode === 'required') return verify;
  return (request) => {
    // Nobody waits for the verdict.
    void verify(request);
    return true;
  };
}
