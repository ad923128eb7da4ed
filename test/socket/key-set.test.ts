/** The public keys: fetched once, kept through an outage, and never fetched as often as a peer would like. */
import { decodeProtectedHeader } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeySet, KeysUnavailable } from '../../src/socket/auth/key-set.ts';
import { KeyServer, SigningKey } from './key-server.ts';

let first: SigningKey;
let second: SigningKey;

beforeEach(async () => {
  [first, second] = await Promise.all([SigningKey.create('first'), SigningKey.create('second')]);
});

class KeySetRig {
  nowMs = 1_000_000;
  readonly errors: string[] = [];
  readonly server: KeyServer;
  private readonly keys: KeySet;

  private constructor(server: KeyServer) {
    this.server = server;
    this.keys = new KeySet({ url: server.url, onError: (error) => this.errors.push(error), clock: () => this.nowMs });
  }

  static async create(...keys: SigningKey[]): Promise<KeySetRig> {
    const server = await KeyServer.start();
    server.keys = keys;
    return new KeySetRig(server);
  }

  async find(kid: string): Promise<unknown> {
    return this.keys.find(kid);
  }

  refresh(): Promise<void> {
    return this.keys.refresh();
  }
}

describe('the keys', () => {
  it('are fetched when the first one is asked for, and once for all who wait', async () => {
    const rig = await KeySetRig.create(first, second);
    const found = await Promise.all(['first', 'second', 'first'].map((kid) => rig.find(kid)));
    expect(found.every((key) => key instanceof Object)).toBe(true);
    expect(rig.server.requests).toBe(1);
    await rig.find('second');
    expect(rig.server.requests).toBe(1);
  });

  it('are fetched again for one that is unknown, which may be new', async () => {
    const rig = await KeySetRig.create(first);
    await rig.find('first');
    rig.server.keys = [first, second];
    rig.nowMs += 30_000;
    await expect(rig.find('second')).resolves.toBeInstanceOf(Object);
    expect(rig.server.requests).toBe(2);
  });

  it('are fetched once in half a minute, however many unknown ones are asked for', async () => {
    const rig = await KeySetRig.create(first);
    await rig.find('first');
    for (let second = 0; second < 60; second++) {
      const asked = Array.from({ length: 50 }, (_, i) => rig.find(`forged ${second} ${i}`));
      for (const result of await Promise.allSettled(asked)) expect(result.status).toBe('rejected');
      rig.nowMs += 1000;
    }
    expect(rig.server.requests).toBe(2);
    await expect(rig.find('first')).resolves.toBeInstanceOf(Object);
  });

  it('are fetched no more often while the server is away', async () => {
    const rig = await KeySetRig.create(first);
    await rig.find('first');
    rig.server.answer = 'error';
    for (let second = 0; second < 60; second++) {
      await expect(rig.find('forged')).rejects.toThrow();
      rig.nowMs += 1000;
    }
    expect(rig.server.requests).toBe(2);
  });

  it.each(['error', 'garbage', 'endless'] as const)('stay when the server answers with %s', async (answer) => {
    const rig = await KeySetRig.create(first);
    await rig.find('first');
    rig.server.answer = answer;
    rig.nowMs += 86_400_000;
    await expect(rig.find('first')).resolves.toBeInstanceOf(Object);
    await rig.refresh();
    await expect(rig.find('first')).resolves.toBeInstanceOf(Object);
    expect(rig.errors).toHaveLength(1);
  });

  it('stay when the server is gone, and nobody waits for it', async () => {
    const rig = await KeySetRig.create(first);
    await rig.find('first');
    await rig.server.stop();
    rig.nowMs += 86_400_000;
    await expect(rig.find('first')).resolves.toBeInstanceOf(Object);
    await rig.refresh();
    expect(rig.errors[0]).toContain('ECONNREFUSED');
  });

  it('that cannot be used, or not for this, spoil none of the others', async () => {
    const rig = await KeySetRig.create(first, second);
    Object.assign(second.publicJwk, { n: 'AQAB' });
    await expect(rig.find('second')).rejects.toThrow('no applicable key');
    await expect(rig.find('first')).resolves.toBeInstanceOf(Object);
  });

  it('that were withdrawn are gone after the next fetch', async () => {
    const rig = await KeySetRig.create(first, second);
    await rig.find('second');
    rig.server.keys = [first];
    rig.nowMs += 10 * 60_000 + 1;
    // Whoever notices does not wait.
    await expect(rig.find('second')).resolves.toBeInstanceOf(Object);
    await rig.refresh();
    await expect(rig.find('second')).rejects.toThrow('no applicable key');
  });

  it('are unavailable until the server is there, which is tried every other second', async () => {
    const rig = await KeySetRig.create(first);
    rig.server.answer = 'error';
    for (let i = 0; i < 5; i++) await expect(rig.find('first')).rejects.toBeInstanceOf(KeysUnavailable);
    expect([rig.server.requests, rig.errors]).toEqual([1, ['HTTP 500']]);
    rig.server.answer = 'keys';
    rig.nowMs += 2000;
    await expect(rig.find('first')).resolves.toBeInstanceOf(Object);
    expect(rig.server.requests).toBe(2);
  });

  it('are those of a token’s header', async () => {
    const rig = await KeySetRig.create(first);
    const header = decodeProtectedHeader(await first.sign());
    expect(header).toEqual({ alg: 'RS256', kid: 'first' });
    await rig.find(header.kid!);
  });
});
