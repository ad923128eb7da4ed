import { describe, expect, it } from 'vitest';
import { Hearing } from '../../src/simulator/hearing.ts';
import { completeOptions } from '../../src/simulator/options.ts';
import { buildReport, type RunFacts } from '../../src/simulator/report.ts';
import { progressLine, summarize } from '../../src/simulator/summary.ts';
import { Tally } from '../../src/simulator/tally.ts';

function facts(change: (tally: Tally) => void, more: Partial<RunFacts> = {}): RunFacts {
  const tally = new Tally();
  tally.dialled = 2;
  tally.opened = 2;
  tally.outcomes.completed = 2;
  change(tally);
  const options = completeOptions({ url: 'ws://x/audio', calls: 2 });
  return {
    options,
    tally,
    hearing: new Hearing(options, null),
    calls: [],
    interrupted: false,
    unreachable: null,
    saveError: null,
    totalMs: 1000,
    cpuMs: 10,
    ...more,
  };
}

describe('buildReport', () => {
  it('is ok when every call ran to its end', () => {
    expect(buildReport(facts(() => {})).ok).toBe(true);
  });

  it.each<[string, Partial<Tally['outcomes']>, number, Partial<RunFacts>, string]>([
    ['a call was ended early', { completed: 1, ended_early: 1 }, 0, {}, '1 call ended early by the server'],
    ['a call was refused', { completed: 1, refused: 1 }, 0, {}, '1 call refused'],
    ['no call could be connected', { completed: 0, failed: 2 }, 0, {}, '2 calls not connected'],
    ['a call was not flushed', { completed: 1, unflushed: 1 }, 0, {}, 'did not take the last frames'],
    ['a close was not answered', { completed: 1, unanswered: 1 }, 0, {}, 'closed without an answer'],
    ['frames were not sent', {}, 1, {}, '1 frame not sent'],
    ['it was interrupted', {}, 0, { interrupted: true }, 'interrupted'],
    ['a recording could not be written', {}, 0, { saveError: 'disk full' }, 'disk full'],
  ])('is not ok when %s, and the summary ends with the reason', (_name, outcomes, unsentFrames, more, reason) => {
    const change = (tally: Tally) => Object.assign(Object.assign(tally, { unsentFrames }).outcomes, outcomes);
    const report = buildReport(facts(change, more));
    expect(report.ok).toBe(false);
    expect(summarize(report).trimEnd().split('\n').at(-1)).toContain(reason);
  });

  it('says how regularly frames left', () => {
    const report = buildReport(
      facts(({ pacing }) => {
        pacing.compared(3, 5);
        pacing.sent(3);
      }),
    );
    expect(report.asSent).toMatchObject({ frames: 1, comparedFrames: 1, jitterMs: { mean: 3, worst: 3 } });
    expect(summarize(report)).toContain('jitter    as sent: mean 3.0 ms, worst 3.0 ms\n');
  });

  it('balances: received = committed + control + ignored + dropped', () => {
    const { messages } = buildReport(
      facts((tally) => {
        tally.audioFrames = 100;
        tally.expected.frames = 100;
        tally.controlMessages = 2;
        tally.malformed.ignored = 3;
        tally.malformed.malformed_audio = 4;
        tally.malformed.malformed_json = 5;
      }),
    ).expected;
    expect(messages).toEqual({
      received: 114,
      committed: 100,
      control: 2,
      ignored: 3,
      dropped: { malformed_json: 5, malformed_audio: 4 },
    });
  });
});

describe('what was heard', () => {
  const hearing = () => new Hearing(completeOptions({ url: 'ws://x/audio' }), null);

  it('is not in the summary when nothing was said', () => {
    expect(summarize(buildReport(facts(() => {})))).not.toMatch(/^(heard|received|lead)/m);
  });

  it('is in the summary, with all that was wrong with it', () => {
    const said = hearing();
    Object.assign(said.counts, { messages: 60, audioMessages: 50, stops: 2, receivedBytes: 50 * 640 });
    Object.assign(said.counts, {
      heardBytes: 30 * 640,
      clearedBytes: 12 * 640,
      overrunBytes: 640,
      unplayedBytes: 3 * 640,
    });
    Object.assign(said.counts, { afterHangUpBytes: 4 * 640, soonAfterStopBytes: 5 * 640, utterances: 3, underruns: 1 });
    Object.assign(said.counts, { underrunMs: 45.4, pacedBytes: 47 * 640, pacedMs: 1000, notJson: 7, badBase64: 1 });
    Object.assign(said.counts, { otherRateMessages: 2, marksCompleted: 1, marksCancelled: 1 });
    said.depth.record(200, 50);
    const tally = (each: Tally) => {
      each.receivedMessages = 60;
    };
    const text = summarize(buildReport(facts(tally, { hearing: said })));
    expect(text.split('\n').filter((line) => /^(rec|hea|under|lea|unh|stop|mar|bro)/.test(line))).toEqual([
      'received  60 messages, 50 frames',
      'heard     30 frames in 3 utterances, pace 0.94',
      'underruns 1, 45 ms of silence',
      'lead      p50 200 ms, p99 200 ms, max 200 ms',
      'unheard   12 cleared by 2 StopAudio, 1 too far ahead, 3 cut off by the hang-up, 4 after the hang-up',
      'stopped   2 StopAudio, 5 frames within 200 ms after it',
      'marks     1 completed, 1 cancelled',
      'broken    7 no JSON, 1 no base64, 2 as long as at another rate',
    ]);
  });
});

describe('progressLine', () => {
  const fine = {
    elapsedMs: 12_340,
    callsOpen: 1000,
    audioFrames: 500_000,
    framesPerSecond: 50_000,
    lateP99Ms: 1.23,
    unsentFrames: 0,
    callsRefused: 0,
    callsFailed: 0,
    callsEndedEarly: 0,
  };

  it('is short when all is well', () => {
    expect(progressLine(fine)).toBe('12.3 s  1,000 calls  500,000 frames  50,000/s  late p99 1.2 ms');
  });

  it('adds what goes wrong', () => {
    const bad = { ...fine, unsentFrames: 1, callsRefused: 2, callsFailed: 3, callsEndedEarly: 4 };
    expect(progressLine(bad)).toContain('unsent 1  refused 2  failed 3  ended early 4');
  });
});
