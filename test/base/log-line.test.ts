/** Lines of the log for people: one a record, what matters in it, and nothing of a peer's that touches the terminal. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logLine } from '../../src/base/log-line.ts';

const plain = (_style: string, text: string) => text;
const time = new Date(2026, 10, 21, 0, 48, 19, 33).toISOString();

function line(record: Readonly<Record<string, unknown>>): string {
  return logLine(`${JSON.stringify({ level: 'info', time, ...record })}\n`, plain);
}

/** As docs/http.md shows it. */
const streamEnded = {
  msg: 'stream ended',
  id: '9b8349ee-2dac-4dd0-9bf5-b8f3d734f6f2',
  callConnectionId: '29700ad6-bfa6-4ad9-bca9-a99d198bf460',
  correlationId: '2a2ed499-4caa-4965-a182-b27cc091624e',
  subscriptionId: '7eb5ab4d-2e01-423b-841b-6779fd795a95',
  mode: 'unmixed',
  sampleRate: 16_000,
  remoteAddress: '127.0.0.1',
  connectedAt: '2026-11-21T00:48:14.028Z',
  messages: 498,
  committed: 497,
  control: 1,
  ignored: 0,
  dropped: { malformed_json: 0, lane_full: 0 },
  audioBeforeMetadata: 0,
  audio: { frames: 497, missingFrames: 0, gaps: 0, outOfOrderFrames: 0, jitterMeanMs: 0.787, jitterWorstMs: 2.403 },
  participants: [{ frames: 248 }, { frames: 249 }],
  sinks: [{ sink: 'wav:./recordings', framesRead: 497, framesLapped: 0, isDrained: true }],
  interruptions: 0,
  interruptedMs: 0,
  closeCause: 'peer',
  closeCode: 1000,
  durationMs: 4991,
};

test('a stream that went well is one short line that ends with its call', () => {
  expect(line(streamEnded)).toBe(
    '00:48:19.033 INFO  stream ended lasted=5.0s participants=2 frames=497 missing=0 jitter=0.8ms ' +
      'call=29700ad6-bfa6-4ad9-bca9-a99d198bf460\n',
  );
});

test('what went wrong with a stream is on its line', () => {
  const faulty = {
    ...streamEnded,
    callConnectionId: null,
    dropped: { malformed_json: 2, lane_full: 0, rate_limit: 1 },
    audio: { ...streamEnded.audio, missingFrames: 5, outOfOrderFrames: 2 },
    sinks: [
      { sink: 'wav:./a', framesRead: 400, framesLapped: 97, isDrained: true },
      { sink: 'nats://host', framesRead: 0, framesLapped: 3, isDrained: false },
    ],
    interruptions: 1,
    mode: 'mixed',
    closeCause: 'idle',
    closeCode: 1008,
  };
  const text = line(faulty);
  expect(text).toContain(' missing=3 dropped=malformed_json:2,rate_limit:1 lapped=100 undrained=1 interruptions=1 ');
  expect(text).toContain(' lasted=5.0s mode=mixed frames=497 ');
  expect(text).toContain(' closed=idle/1008 id=9b8349ee-2dac-4dd0-9bf5-b8f3d734f6f2\n');
});

test('other records have all their fields, without counters of a kind that are 0', () => {
  const drained = { msg: 'drained', received: 3, dropped: 1, droppedByReason: { lane_full: 1, rate_limit: 0 } };
  expect(line(drained)).toBe('00:48:19.033 INFO  drained received=3 dropped=1 droppedByReason=lane_full:1\n');
  const listening = { msg: 'listening', host: '::1', port: 8080, path: '/audio', adminHost: '127.0.0.1', adminPort: 1 };
  expect(line({ ...listening, sinks: ['wav:./a b', 'pcm:./c'] })).toBe(
    '00:48:19.033 INFO  listening audio=[::1]:8080/audio admin=127.0.0.1:1 sinks="wav:./a b",pcm:./c\n',
  );
  expect(line({ level: 'error', msg: 'sink error', streamId: null, error: 'ENOSPC: write' })).toBe(
    '00:48:19.033 ERROR sink error error="ENOSPC: write"\n',
  );
});

test('colours tell levels apart and point at what should be 0', () => {
  const painted = logLine(
    JSON.stringify({ level: 'warn', time, msg: 'm', missing: 0, dropped: 2 }),
    (style, text) => `<${style}>${text}</>`,
  );
  expect(painted).toBe(
    '<dim>00:48:19.033</> <yellow>WARN </> <bold>m</> <dim>missing=</>0 <dim>dropped=</><yellow>2</>\n',
  );
});

const hostile = [
  'newline\n00:00:00.000 INFO  forged',
  'return\rINFO  forged',
  'ansi\u001b[2J\u001b]0;owned\u0007',
  'c1\u009b31m',
  'delete\u007f',
  'separators\u2028\u2029',
  'bidi\u202egnp.exe\u2066',
  'nothing\u200b\u00ad\ufeff',
  'tags\u{e0041}\u{e007f}',
  'half \ud800 of a pair',
];

test.each(hostile.map((id) => [JSON.stringify(id), id]))('what a peer calls itself stays text: %s', (_shown, id) => {
  for (const text of [
    line({ ...streamEnded, callConnectionId: id }),
    line({ msg: id }),
    line({ msg: 'm', list: [id] }),
  ]) {
    expect(text.slice(0, -1)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(text.endsWith('\n')).toBe(true);
  }
});

test('a value cannot pass for a field, and cannot fill the screen', () => {
  expect(line({ msg: 'm', id: 'x unaccounted=5' })).toContain('m id="x unaccounted=5"\n');
  expect(line({ msg: 'm', id: '"' })).toContain('m id="\\""\n');
  expect(line({ msg: 'm', id: 'y'.repeat(10_000) }).length).toBeLessThan(400);
});

test('no text whatever brings more than one line, or a character that does not show', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (binary, text) => {
      const shown = line({ ...streamEnded, callConnectionId: binary, mode: text });
      expect(shown.slice(0, -1)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
