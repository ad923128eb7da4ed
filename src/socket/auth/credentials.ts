/**
 * Where a request carries a secret, and how secrets are compared. ACS always sends a token of its own in `Authorization`, so
 * one place that holds the wrong thing says nothing about the others. Pure; main thread.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestSnapshot } from '../upgrade.ts';

/** Longest secret that is looked at, in characters; headers of more do not reach us. Costs one hash of as many bytes. */
const secretCharsMax = 4096;

/** The text behind `Bearer`, whose case does not matter (RFC 9110 section 11.1); null when there is none. */
export function bearerOf(authorization: string): string | null {
  return /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1] ?? null;
}

/** Null when it is not valid percent-encoding. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Every secret that a request carries: bearer token, `accesstoken` and `token` in the query, last segment of the path. */
export function secretsOf({ authorization, query, path }: RequestSnapshot): string[] {
  // A plus sign is one: tokens have no spaces in them, and base64 has plus signs.
  const parameters = new URLSearchParams(query.replaceAll('+', '%2B'));
  const found = [
    bearerOf(authorization),
    ...parameters.getAll('accesstoken'),
    ...parameters.getAll('token'),
    decoded(path.slice(path.lastIndexOf('/') + 1)),
  ];
  return found.filter((secret) => secret !== null && secret !== '' && secret.length <= secretCharsMax) as string[];
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** Holds what is expected as digests, and compares in a time that depends on neither. */
export class Secrets {
  private readonly digests: readonly Buffer[];

  constructor(expected: readonly string[]) {
    this.digests = expected.map(digest);
  }

  include(given: readonly string[]): boolean {
    return this.indexOf(given) >= 0;
  }

  /** Which of those expected is among the given ones; -1 for none. Looks at all pairs, whatever it has found. */
  indexOf(given: readonly string[]): number {
    let found = -1;
    for (const secret of given) {
      const candidate = digest(secret);
      this.digests.forEach((expected, index) => {
        if (timingSafeEqual(candidate, expected)) found = index;
      });
    }
    return found;
  }
}
