/**
 * Requests that are malformed in every way, to both ports of the real gateway, while four calls continue: the answer is one that
 * is documented or none, the connection ends in time, the calls do not notice. The long form is `npm run fuzz -- http`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seed } from '../support/seed.ts';
import { Arena } from './arena.ts';
import { bystanderToken } from './bystander.ts';
import { storedHttpCases } from './corpus.ts';
import { httpCases, slowHttpCases } from './http-cases.ts';
import { drawnHttpCase } from './http-mutation.ts';
import { RawPeer, upgradeRequest } from './raw-peer.ts';

const roundSize = 100;
const drawnCases = 500;

/** Waits for as long as everything else takes. What it came to. */
let silent: Promise<string>;

beforeAll(() => {
  silent = playSilent().catch((error: Error) => error.message);
});

async function playSilent(): Promise<string> {
  const arena = await Arena.start();
  try {
    await arena.playHttp(slowHttpCases);
    await arena.finish();
    return 'cut off';
  } finally {
    await arena.stop();
  }
}

/** Lets everybody in, but only after a look at a token, during which anything may happen to the connection. */
const later = ['--auth', 'jwt', '--jwt-mode', 'log', '--jwt-audience', 'x', '--jwks-url', 'https://127.0.0.1:9/keys'];

describe.each([
  ['open to everybody', []],
  ['behind a proxy, with tokens', ['--trust-proxy', '--auth', 'token', '--auth-token', bystanderToken]],
  ['with tokens that take time', later],
])('%s', (_name, flags) => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.start(...flags);
  });

  afterAll(async () => {
    await arena.stop();
  });

  // All at once, because most of them wait for an answer that never comes.
  it('every malformed request of the table', async () => {
    expect(httpCases.length).toBeGreaterThan(190);
    const cases = flags.length === 0 ? httpCases : httpCases.map(({ statuses: _, ...rest }) => rest);
    for (let at = 0; at < cases.length; at += roundSize) await arena.playHttp(cases.slice(at, at + roundSize));
  });

  it(`${drawnCases} requests drawn and damaged at random`, async () => {
    for (let at = 0; at < drawnCases; at += roundSize) {
      const cases = Array.from({ length: roundSize }, (_, i) => drawnHttpCase(seed, at + i));
      await arena.playHttp(cases).catch((error: Error) => {
        throw new Error(`ACS_TEST_SEED=${seed}, cases ${at} to ${at + roundSize - 1}: ${error.message}`);
      });
    }
  });

  it('everything that once went wrong', async () => {
    await arena.playHttp(storedHttpCases());
  });

  it('and the gateway drains with nothing unaccounted for', async () => {
    await arena.finish();
    expect(arena.slowestHealthMs).toBeGreaterThan(0);
  });
});

it('requests that stop in the middle are cut off in time, without a FIN from the peer', async () => {
  expect(await silent).toBe('cut off');
});

// uWebSockets.js: while the request line is not whole it takes what it has for a version of HTTP that it does not know.
it.fails('a request line that TCP cuts anywhere is put together again', async () => {
  const arena = await Arena.start();
  const request = upgradeRequest();
  try {
    for (let at = 1; at <= 'GET /audio HTTP/1.1'.length; at++) {
      const peer = await RawPeer.connect(arena.gateway.port);
      peer.write(request.slice(0, at));
      await new Promise((resolve) => setTimeout(resolve, 20));
      peer.write(request.slice(at));
      const head = await peer.head();
      peer.reset();
      expect(head, `cut at byte ${at}`).toContain('101 Switching Protocols');
    }
  } finally {
    await arena.stop();
  }
});
