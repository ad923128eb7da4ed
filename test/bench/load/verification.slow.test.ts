/** The comparison of contents must be able to fail. */
import { expect, test } from 'vitest';
import { rivals } from '../../../bench/load/rival.ts';
import type { ServerCounts, ServerKind } from '../../../bench/load/server.ts';
import { verify } from '../../../bench/load/verification.ts';

const load = { streams: 4, framesPerSecond: 200, participants: 1, sampleRate: 16_000 };
const honest = rivals.find(({ key }) => key === 'json')!;

/** A server whose counts are not what it has done. */
function lying(change: (counts: ServerCounts) => Partial<ServerCounts>): ServerKind {
  return {
    ...honest,
    start: async (options) => {
      const server = await honest.start(options);
      const counts = server.counts.bind(server);
      server.counts = async () => {
        const real = await counts();
        return { ...real, ...change(real) };
      };
      return server;
    },
  };
}

test('a server that decodes what it is sent passes', async () => {
  expect(await verify(honest, load)).toEqual([]);
});

test('one wrong bit in the PCM fails', async () => {
  const found = await verify(
    lying(({ digest }) => ({ digest: digest! ^ 1 })),
    load,
  );
  expect(found).toEqual([expect.stringContaining('the PCM differs')]);
});

test('one lost frame fails', async () => {
  const found = await verify(
    lying(({ frames }) => ({ frames: frames - 1 })),
    load,
  );
  expect(found[0]).toContain('frames sent');
});
