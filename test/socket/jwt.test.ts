/** Tokens that are let in, and each way in which one can be wrong, with the reason that is counted. */
import { createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { authenticateJwt } from '../../src/socket/auth/jwt.ts';
import { type Keys, KeysUnavailable, UnknownKey } from '../../src/socket/auth/key-set.ts';
import type { RequestSnapshot } from '../../src/socket/upgrade.ts';
import { audience, issuer, SigningKey } from './key-server.ts';

let key: SigningKey;
let other: SigningKey;

beforeAll(async () => {
  [key, other] = await Promise.all([SigningKey.create('key'), SigningKey.create('other')]);
});

function atHand({ kid, publicJwk }: SigningKey): Keys {
  const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' });
  const known = (wanted: string | undefined) => (wanted === kid ? publicKey : null);
  return { known, find: async (wanted) => known(wanted) ?? Promise.reject(new UnknownKey()) };
}

/** None is at hand, and looking for it fails so. */
function failing(error: Error): Keys {
  return { known: () => null, find: () => Promise.reject(error) };
}

async function check(
  authorization: string,
  { mode = 'required', keys }: { mode?: 'required' | 'log'; keys?: Keys } = {},
): Promise<{ isIn: boolean; failures: string[] }> {
  const failures: string[] = [];
  const authenticate = authenticateJwt({
    issuer,
    audience: ['another', audience],
    mode,
    keys: keys ?? atHand(key),
    onFailure: (reason) => failures.push(reason),
  });
  const verdict = authenticate({ authorization } as RequestSnapshot);
  const isIn = (typeof verdict === 'function' ? await verdict() : verdict) !== null;
  // With `log` the verdict is given before the check is made.
  if (mode === 'log') await vi.waitFor(() => expect(failures).not.toEqual([]), 5000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { isIn, failures };
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const inTwoHours = () => Math.floor(Date.now() / 1000) + 7200;
const claims = () => part({ iss: issuer, aud: audience, exp: inTwoHours() });

describe('a token', () => {
  it('whose key is at hand is judged at once, so that its upgrade is too', async () => {
    const authenticate = authenticateJwt({
      issuer,
      audience: [audience],
      mode: 'required',
      keys: atHand(key),
      onFailure: () => {},
    });
    const synchronous = async (signedBy: SigningKey) => {
      const authorization = `Bearer ${await signedBy.sign({}, { kid: 'key' })}`;
      const verdict = authenticate({ authorization } as RequestSnapshot);
      return { outcome: typeof verdict === 'function' ? verdict() : undefined };
    };
    expect((await synchronous(key)).outcome).toBeTypeOf('string');
    expect((await synchronous(other)).outcome).toBeNull();
  });

  it('of ACS is let in', async () => {
    expect(await check(`Bearer ${await key.sign()}`)).toEqual({ isIn: true, failures: [] });
  });

  it.each([
    ['expired for less than a minute', { expSeconds: -55 }],
    ['valid in less than a minute', { nbfSeconds: 55 }],
  ])('that is %s is let in: clocks differ', async (_name, changed) => {
    expect(await check(`Bearer ${await key.sign(changed)}`)).toEqual({ isIn: true, failures: [] });
  });

  const wrong: [string, string, () => string | Promise<string>][] = [
    ['missing', 'that is not there', () => ''],
    ['missing', 'of another scheme', () => 'Basic abc'],
    ['expired', 'that expired more than a minute ago', async () => `Bearer ${await key.sign({ expSeconds: -65 })}`],
    ['malformed', 'that never expires', async () => `Bearer ${await key.sign({ expSeconds: null })}`],
    ['not_yet_valid', 'that is not valid yet', async () => `Bearer ${await key.sign({ nbfSeconds: 65 })}`],
    ['issuer', 'of another issuer', async () => `Bearer ${await key.sign({ iss: 'https://evil.example.com' })}`],
    ['audience', 'for another resource', async () => `Bearer ${await key.sign({ aud: 'somebody else' })}`],
    ['signature', 'signed by somebody else', async () => `Bearer ${await other.sign({}, { kid: 'key' })}`],
    ['unknown_key', 'with a key that nobody knows', async () => `Bearer ${await other.sign()}`],
    ['algorithm', 'without a signature', () => `Bearer ${part({ alg: 'none' })}.${claims()}.`],
    [
      'algorithm',
      'whose secret is the public key',
      () => {
        const signed = `${part({ alg: 'HS256', kid: 'key' })}.${claims()}`;
        const secret = JSON.stringify(key.publicJwk);
        return `Bearer ${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      },
    ],
    ['malformed', 'that is none', () => 'Bearer abc'],
    [
      'malformed',
      'without its third part',
      async () => `Bearer ${(await key.sign()).split('.').slice(0, 2).join('.')}`,
    ],
    [
      'signature',
      'whose claims were changed',
      async () => {
        const [header, , signature] = (await key.sign()).split('.');
        return `Bearer ${header}.${claims()}.${signature}`;
      },
    ],
    ['malformed', 'with garbage for a header', () => `Bearer ${'x'.repeat(50)}.${claims()}.abc`],
  ];

  it.each(wrong)('counts as %s when it is one %s', async (reason, _name, authorization) => {
    expect(await check(await authorization())).toEqual({ isIn: false, failures: [reason] });
  });

  it.each(wrong)(
    'counts as %s, and is let in, when only the log is wanted and it is one %s',
    async (reason, _name, authorization) => {
      expect(await check(await authorization(), { mode: 'log' })).toEqual({ isIn: true, failures: [reason] });
    },
  );

  it('cannot be checked without keys', async () => {
    expect(await check(`Bearer ${await key.sign()}`, { keys: failing(new KeysUnavailable('no keys')) })).toEqual({
      isIn: false,
      failures: ['keys_unavailable'],
    });
  });

  it('is refused when the look-up of its key fails in any other way', async () => {
    const { isIn } = await check(`Bearer ${await key.sign()}`, { keys: failing(new Error('boom')) });
    expect(isIn).toBe(false);
  });
});
