/** Where a request may carry a secret, and that only the right one lets in. */
import { describe, expect, it } from 'vitest';
import { bearerOf, secretsOf } from '../../src/socket/auth/credentials.ts';
import { authenticateTokens } from '../../src/socket/auth/token.ts';
import type { RequestSnapshot } from '../../src/socket/upgrade.ts';

const request = (parts: Partial<RequestSnapshot>): RequestSnapshot => ({
  path: '/audio',
  query: '',
  remoteAddress: '127.0.0.1',
  upgrade: 'websocket',
  webSocketKey: '',
  webSocketVersion: '13',
  authorization: '',
  callConnectionId: '',
  correlationId: '',
  ...parts,
});

it('a plus sign in the query is one, as in base64 that was not escaped', () => {
  const authenticate = authenticateTokens(['aB+c/d==']);
  for (const query of ['accesstoken=aB+c/d==', 'token=aB%2Bc%2Fd%3D%3D', 'x=1&accesstoken=aB%2bc/d==']) {
    expect(authenticate(request({ query })), query).toBe('token 0');
  }
});

describe('a bearer token', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc  ', 'abc'],
    ['Bearer', null],
    ['Bearer ', null],
    ['Bearer a b', null],
    ['Basic abc', null],
    ['', null],
    ['xBearer abc', null],
  ])('in %j is %j', (header, expected) => expect(bearerOf(header)).toBe(expected));
});

describe('secrets of a request', () => {
  it('are the bearer token, both names in the query, and the last segment of the path', () => {
    const all = request({
      authorization: 'Bearer one',
      query: 'accesstoken=t%2Bwo&x=0&token=three&token=four',
      path: '/audio/call/fi%20ve',
    });
    expect(secretsOf(all)).toEqual(['one', 't+wo', 'three', 'four', 'fi ve']);
  });

  it('are none of what is too long, empty, or no valid percent-encoding', () => {
    expect(
      secretsOf(request({ authorization: `Bearer ${'x'.repeat(4097)}`, query: 'token=', path: '/audio/' })),
    ).toEqual([]);
    expect(secretsOf(request({ path: '/audio/%zz' }))).toEqual([]);
  });
});

describe('--auth token', () => {
  const authenticate = authenticateTokens(['s3cret', 'an+other']);

  it.each([
    { authorization: 'Bearer s3cret' },
    { query: 'accesstoken=s3cret' },
    { query: 'token=an%2Bother' },
    { path: '/audio/some-call/s3cret' },
    // ACS sends its own token always: the right one elsewhere counts.
    { authorization: 'Bearer eyJ.acs.own', query: 'accesstoken=s3cret' },
    { authorization: 'Bearer eyJ.acs.own', path: '/audio/s3cret' },
  ])('lets %j in', (parts) => expect(authenticate(request(parts))).toMatch(/^token [01]$/));

  it.each([
    {},
    { authorization: 'Bearer s3cre' },
    { authorization: 'Bearer s3cret2' },
    { authorization: 'Basic s3cret' },
    { query: 'accesstoken=S3CRET' },
    { query: 'access_token=s3cret' },
    { query: 's3cret' },
    { path: '/audio/s3cret/more' },
    { path: '/s3cret/audio' },
    { callConnectionId: 's3cret' },
  ])('does not let %j in', (parts) => expect(authenticate(request(parts))).toBeNull());
});
