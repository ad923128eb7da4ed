/** The check of counts must be able to fail, by every single term. */
import { expect, test } from 'vitest';
import { emptyBuckets } from '../../../bench/load/histogram.ts';
import { mismatches } from '../../../bench/load/mismatch.ts';
import type { GatewayAccount, ServerCounts } from '../../../bench/load/server.ts';

const load = { streams: 10, sampleRate: 16_000 };
const sent = { framesSent: 100, framesUnsent: 0, socketsLost: 0 };
const account: GatewayAccount = {
  droppedBy: {},
  messagesReceived: 110,
  messagesAccounted: 110,
  framesMissing: 0,
  framesDuplicate: 0,
  framesOutOfOrder: 0,
};
const counts: ServerCounts = {
  frames: 100,
  pcmBytes: 64_000,
  dropped: 0,
  residence: emptyBuckets,
  digest: null,
  account,
};

test('a run in which all came out is right', () => {
  expect(mismatches(sent, counts, load)).toEqual([]);
  expect(mismatches(sent, { ...counts, pcmBytes: null, account: null }, load)).toEqual([]);
});

test('what was dropped is no mismatch, and may be missing', () => {
  const dropping = { ...counts, frames: 95, pcmBytes: 95 * 640, dropped: 5, account: { ...account, framesMissing: 5 } };
  expect(mismatches(sent, dropping, load)).toEqual([]);
});

test.each<[string, Partial<ServerCounts>]>([
  ['100 frames sent, 99 decoded', { frames: 99, pcmBytes: 99 * 640 }],
  ['63998 bytes of PCM', { pcmBytes: 63_998 }],
  ['110 messages received, 109 accounted', { account: { ...account, messagesAccounted: 109 } }],
  ['110 messages sent, 111 received', { account: { ...account, messagesReceived: 111, messagesAccounted: 111 } }],
  ['1 frames missing', { account: { ...account, framesMissing: 1 } }],
  ['2 duplicate frames', { account: { ...account, framesDuplicate: 2 } }],
  ['3 frames out of order', { account: { ...account, framesOutOfOrder: 3 } }],
])('%s is found', (text, wrong) => {
  const found = mismatches(sent, { ...counts, ...wrong }, load);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(text);
});

test('a stream that was lost is found', () => {
  expect(mismatches({ ...sent, socketsLost: 1 }, counts, load)).toEqual(['1 streams were lost']);
});
