/** What messages cost that are not plain audio: each stream has a little for certain, all together have a bounded rest. */
import { describe, expect, it } from 'vitest';
import {
  costlyMessagesMax,
  costlySavedMs,
  costlyShare,
  longMessageMarksMax,
  otherMessages,
} from '../../src/base/limits.ts';
import type { DecoderName } from '../../src/config/decoder-names.ts';
import { CostlyBudget, isTooCostly, parseHeldUpMs } from '../../src/decoder/costly-budget.ts';
import { streamSlot } from '../../src/memory/layout.ts';
import { StreamSlot } from '../../src/memory/stream-slot.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { DecoderRig, usableDecoders } from './rig.ts';

/** A rig whose general parser takes as long as it is told, and counts how often it is asked. */
function slowRig(decoder: DecoderName, streamCount = 4) {
  const parsers = createParsers(decoder);
  const { general } = parsers;
  const cost = { ms: 0, parsed: 0 };
  const slow = {
    parse: (...args: Parameters<typeof general.parse>) => {
      cost.parsed++;
      rig.nowMs += cost.ms;
      return general.parse(...args);
    },
  };
  const first = parsers.first === general ? slow : parsers.first;
  const rig: DecoderRig = new DecoderRig({ parsers: { first, general: slow }, streamCount });
  return { rig, cost };
}

const dear = `[${'{},'.repeat(1300)}{}]`;

function feedUntilRefused({ rig, cost }: ReturnType<typeof slowRig>, stream: number): number {
  for (let fed = 0; fed < 10_000; fed++) {
    if (rig.feed(dear, { stream }) === 'dropped: costly') return fed * cost.ms;
  }
  throw new Error('never refused');
}

describe.each(usableDecoders)('the time of costly messages, with the decoder %s', (decoder) => {
  it('is what a lane has saved up and a stream has for certain; then they are dropped unparsed', () => {
    const slow = slowRig(decoder);
    slow.cost.ms = 0.25;
    const tookMs = feedUntilRefused(slow, 0);
    expect(tookMs).toBeGreaterThanOrEqual(costlySavedMs.ofLane);
    expect(tookMs).toBeLessThan(1.5 * costlySavedMs.ofLane);
    const { parsed } = slow.cost;
    for (let n = 0; n < 100; n++) expect(slow.rig.feed(dear)).toBe('dropped: costly');
    expect(slow.cost.parsed).toBe(parsed);
  });

  it('is a share of all time, for one stream as for many', () => {
    const slow = slowRig(decoder, 20);
    slow.cost.ms = 0.25;
    // Connected for so long that nothing of it ends them.
    for (let stream = 0; stream < 4; stream++) new StreamSlot(slow.rig.memory, stream).beganMs = -1e9;
    for (let stream = 0; stream < 4; stream++) feedUntilRefused(slow, stream);
    let parsedMs = 0;
    const beganMs = slow.rig.nowMs;
    while (slow.rig.nowMs < beganMs + 1000) {
      for (let stream = 0; stream < 4; stream++) {
        if (slow.rig.feed(dear, { stream }) === 'dropped: malformed_json') parsedMs += slow.cost.ms;
      }
      slow.rig.nowMs += 1;
    }
    expect(parsedMs).toBeGreaterThan(0.7 * 1000 * costlyShare.ofLane);
    expect(parsedMs).toBeLessThan(1.5 * 1000 * costlyShare.ofLane);
  });

  it('does not run out for the others: metadata, keys and odd messages are read, and audio always is', () => {
    const slow = slowRig(decoder);
    const { rig, cost } = slow;
    cost.ms = 0.25;
    for (let stream = 0; stream < 2; stream++) feedUntilRefused(slow, stream);
    cost.ms = 0.01;
    expect(rig.feed(metadata(), { stream: 2 })).toBe('control');
    for (let n = 0; n < 20; n++)
      expect(rig.feed('{"kind":"DtmfData","dtmfData":{"data":"5"}}', { stream: 2 })).toBe('control');
    for (let n = 0; n < 20; n++) expect(rig.feed('{"kind":"Mark"}', { stream: 2 })).toBe('ignored');
    // Of the one that is refused everything else, too.
    for (let n = 0; n < 200; n++) expect(rig.feed(audio(n), { stream: n % 3 })).toBe('committed');
    expect(rig.feed(dear)).toBe('dropped: costly');
  });

  it('ends a stream that wants too much of it: what it sent in front of its end is not looked at', () => {
    const slow = slowRig(decoder);
    const { rig, cost } = slow;
    cost.ms = 0.25;
    for (const stream of [0, 1]) feedUntilRefused(slow, stream);
    for (let n = 1; n <= costlyMessagesMax; n++) expect(rig.feed(dear, { stream: n % 2 })).toBe('dropped: costly');
    expect(rig.feed(audio(0), { stream: 0 })).toBe('committed');
    for (let n = 0; n <= costlyMessagesMax; n++) rig.feed(dear, { stream: 0 });
    rig.nowMs += 10;
    expect(rig.feed(audio(1), { stream: 0 })).toBe('dropped: costly');
    expect(rig.feed(audio(1), { stream: 1 })).toBe('committed');
    // One message more for each second of it.
    new StreamSlot(rig.memory, 0).beganMs = rig.nowMs - 1000 * costlyMessagesMax;
    expect(rig.feed(audio(1), { stream: 0 })).toBe('committed');
  });

  it('is not charged to a message that was being read while the thread was held up', () => {
    const { rig, cost } = slowRig(decoder);
    cost.ms = 100;
    expect(rig.feed(metadata())).toBe('control');
    cost.ms = 0.01;
    for (let n = 0; n < 10; n++) expect(rig.feed(metadata())).toBe('control');
    const owedMs = rig.streamCount(streamSlot.costlyMs);
    expect(owedMs).toBeLessThanOrEqual(parseHeldUpMs(metadata().length) + 10 * cost.ms);
  });
});

describe.each(usableDecoders)('messages that are no audio, with the decoder %s', (decoder) => {
  const kinds = {
    'DTMF tones': ['{"kind":"DtmfData","dtmfData":{"data":"5"}}', 'control'],
    marks: ['{"kind":"MarkData","markData":{"id":"a","status":"Completed"}}', 'ignored'],
    metadata: [metadata(), 'control'],
    'empty ones': ['', 'dropped: malformed_json'],
  } as const;

  it.each(Object.entries(kinds))('%s: a stream may send some at once, and some a second', (_kind, [text, outcome]) => {
    const rig = new DecoderRig({ decoder });
    // Whatever they take: here the clock stands still.
    for (let n = 0; n < otherMessages.atOnceMax; n++) expect(rig.feed(text)).toBe(outcome);
    expect(rig.feed(text)).toBe('dropped: costly');
    expect(rig.feed(text, { stream: 1 })).toBe(outcome);
    expect(rig.feed(audio(0))).toBe('committed');
    rig.nowMs += 1000;
    for (let n = 0; n < otherMessages.atOnceMax; n++) expect(rig.feed(text)).toBe(outcome);
    expect(rig.feed(text)).toBe('dropped: costly');
  });

  it('more of them end the stream; what it sent in front of its end is not looked at', () => {
    const rig = new DecoderRig({ decoder });
    const [text] = kinds['DTMF tones'];
    const many = otherMessages.atOnceMax + costlyMessagesMax;
    for (let n = 0; n < many; n++) rig.feed(text);
    expect(isTooCostly(new StreamSlot(rig.memory, 0), rig.nowMs + 1)).toBe(false);
    rig.feed(text);
    rig.nowMs += 1;
    expect(isTooCostly(new StreamSlot(rig.memory, 0), rig.nowMs)).toBe(true);
    expect(rig.feed(audio(0))).toBe('dropped: costly');
    expect(rig.feed(audio(0), { stream: 1 })).toBe('committed');
  });

  it('audio that cannot be read is not among them', () => {
    const rig = new DecoderRig({ decoder });
    expect(rig.feed(metadata('stereo').replace('"channels":1', '"channels":2'))).toBe('dropped: unsupported_format');
    for (let n = 0; n < 2 * otherMessages.atOnceMax; n++) {
      expect(rig.feed(audio(n))).toBe('dropped: unsupported_format');
    }
  });
});

describe.each(usableDecoders)('a long message, with the decoder %s', (decoder) => {
  const rig = new DecoderRig({ decoder });
  const long = Buffer.alloc(65_536, 1);

  it('of many values is refused unparsed, whatever it says it is', () => {
    const values = `"a":[${'{"a":0},'.repeat(2000)}0]`;
    for (const kind of ['AudioData', 'AudioMetadata', 'DtmfData', 'Mark']) {
      expect(rig.feed(`{"kind":"${kind}",${values}}`)).toBe('dropped: costly');
    }
    for (const text of ['['.repeat(9000), '1,'.repeat(5000), '""'.repeat(5000)])
      expect(rig.feed(text)).toBe('dropped: costly');
  });

  it('of audio is taken, however it is written', () => {
    expect(rig.feed(audio(0, long))).toBe('committed');
    // Escapes are for the general parser.
    expect(rig.feed(audio(200, long).replaceAll('AQEB', '\\u0041QEB'))).toBe('committed');
    const spaces = JSON.stringify(JSON.parse(audio(400, long)), null, 2);
    expect(rig.feed(spaces)).toBe('committed');
    const fields = Array.from({ length: longMessageMarksMax / 8 }, (_, n) => `"x${n}":${n}`).join(',');
    expect(rig.feed(audio(600, long).replace('{', `{${fields},`))).toBe('committed');
  });

  it('of bad audio is still bad audio', () => {
    expect(rig.feed(audio(0, long).replaceAll('AQEB', '{[,,'))).toBe('dropped: malformed_audio');
  });

  it('of another kind that is one long text is ignored', () => {
    expect(rig.feed(`{"kind":"Mark","text":"${'x'.repeat(20_000)}"}`)).toBe('ignored');
  });
});

it('a debt is paid back as time goes by, and never becomes a credit', () => {
  const { memory } = new DecoderRig();
  const budget = new CostlyBudget(memory.lanes[0]!);
  const slot = new StreamSlot(memory, 0);
  for (let n = 0; n < 40; n++) budget.charge(slot, 4096, 0.4, 0);
  expect(budget.allows(slot, 0)).toBe(false);
  const untilMs = (16 - costlySavedMs.ofLane) / costlyShare.ofLane;
  expect(budget.allows(slot, untilMs - 1)).toBe(false);
  expect(budget.allows(slot, untilMs + 1)).toBe(true);
  for (let n = 0; n < 40; n++) budget.charge(slot, 4096, 0.4, 1e6);
  expect(budget.allows(slot, 1e6)).toBe(false);
});
