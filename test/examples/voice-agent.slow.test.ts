/**
 * The voice agent as a user runs it: the real gateway and worker, and a stand-in for the model that is as fast, as late and as
 * unreliable as the real ones.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { AgentEvent, FromWorker } from '../../examples/voice-agent/messages.ts';
import type { StandInOptions } from '../../examples/voice-agent/stand-in/options.ts';
import { StandIn } from '../../examples/voice-agent/stand-in/server.ts';
import { samplesOf } from '../../examples/voice-agent/stand-in/sound.ts';
import { wavHeaderBytes } from '../../src/base/wav.ts';
import { Resampler } from '../../src/index.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { AgentCall, Clock } from './agent-call.ts';
import { ExampleProcess, writeWav } from './example-process.ts';
import { scene } from './speech.ts';

const key = 'a key that is in no log';

async function standInFor(options: Partial<StandInOptions> = {}): Promise<StandIn> {
  const standIn = await StandIn.listen({ sound: 'levels', key, ...options });
  onTestFinished(() => standIn.close());
  process.env['REALTIME_URL'] = standIn.url;
  process.env['REALTIME_KEY'] = key;
  return standIn;
}

function startAgent(...flags: readonly string[]): Promise<ExampleProcess> {
  return ExampleProcess.start('voice-agent', '--port', '0', '--admin-port', '0', '--json', '--greeting', '', ...flags);
}

function eventsOf(example: ExampleProcess): AgentEvent[] {
  return example.lines.filter((line) => line.startsWith('{')).map((line) => (JSON.parse(line) as FromWorker).event);
}
function eventsOfType<T extends AgentEvent['type']>(example: ExampleProcess, type: T) {
  return eventsOf(example).filter((event): event is Extract<AgentEvent, { type: T }> => event.type === type);
}

/** A call whose caller says what the test says, to an agent whose model listens. */
async function dial(standIn: StandIn, example: ExampleProcess, name = 'call'): Promise<AgentCall> {
  const clock = new Clock();
  onTestFinished(() => clock.stop());
  const before = standIn.sessions.length;
  const call = await AgentCall.dial(example.url, name, clock, standIn);
  // With local turns nothing is sent before somebody speaks.
  await eventually(() => standIn.sessions.length > before && standIn.sessions.at(-1)!.received.length > 0);
  await sleep(300);
  return call;
}

/** Frames of an answer that can be told: the last one may be filled up with silence. */
function framesOf(ms: number): number {
  return Math.floor(ms / 20);
}

for (const dialect of ['ga', 'beta'] as const) {
  for (const rate of [16_000, 24_000]) {
    it(
      `answers a caller at ${rate} Hz in the dialect ${dialect}: the call hears every sample`,
      judgingTimes(async () => {
        const standIn = await standInFor({ dialect, answerMs: 1_510 });
        const folder = temporaryFolder();
        const file = join(folder, 'caller.wav');
        writeWav(file, rate, scene({ sampleRate: rate, ms: 9_000, noiseDb: -55, speechDb: -20 }, [[600, 1_500]]));
        const example = await startAgent('--dialect', dialect);
        const saved = ['--audio', file, '--save-heard', join(folder, 'heard')];
        const report = await example.simulate(
          '--participants',
          '0',
          '--duration',
          '9s',
          '--rate',
          String(rate),
          ...saved,
        );
        expect(await example.interrupt()).toBe(0);

        const [session] = standIn.sessions;
        expect(standIn.sessions.length).toBe(1);
        expect(session!.errors).toEqual([]);
        expect(session!.turns.length).toBe(1);
        // All that was said is heard, but the last frames: they were under way.
        expect(session!.hearing.appendedMs).toBeGreaterThan(8_700);
        const said = samplesOf('levels', 1, 1_510);
        const resampler = new Resampler(24_000, rate);
        const expected = new Int16Array(resampler.outputMax(said.length));
        let count = resampler.push(said, expected);
        count += resampler.flush(expected.subarray(count));
        const { folder: heardFolder } = report.perCall[0]!.heard!;
        const received = readFileSync(join(heardFolder!, 'received.wav')).subarray(wavHeaderBytes);
        const heard = new Int16Array(new Uint8Array(received).buffer);
        expect(heard.subarray(0, count)).toEqual(expected.subarray(0, count));
        expect(heard.subarray(count).every((sample) => sample === 0)).toBe(true);
        expect(heard.length % (rate / 50)).toBe(0);
        expect(example.output).not.toContain(key);
      }),
    );
  }
}

for (const turns of ['server', 'local'] as const) {
  it(
    `falls silent when the caller begins, says nothing of the old answer after it, and goes on (turns: ${turns})`,
    judgingTimes(async () => {
      const standIn = await standInFor({ answerMs: 8_000, lateDeltas: 4 });
      const example = await startAgent('--turns', turns);
      const call = await dial(standIn, example);
      call.speak(700);
      await eventually(() => (call.heard.get(1) ?? 0) > 60);
      const [session] = standIn.sessions;
      const [first] = session!.answers;
      const firstHeardMs = call.firstHeardMs;
      call.speak(700);
      await eventually(() => call.stopsMs.length === 1);
      const heardMs = call.stopsMs[0]! - firstHeardMs;
      await eventually(() => (call.heard.get(2) ?? 0) > 60 && first!.truncatedMs !== null);
      await call.hangUp();
      expect(await example.interrupt()).toBe(0);
      await always(() => {
        expect(call.faults).toEqual([]);
        expect(call.stopsMs.length).toBe(1);
        expect(session!.errors).toEqual([]);
        expect([...call.heard.keys()]).toEqual([1, 2]);
        expect(eventsOfType(example, 'interrupted').length).toBe(1);
      });
      // Of the call's own clock: what it had heard by the time at which it was silenced.
      expect(Math.abs(first!.truncatedMs! - heardMs)).toBeLessThan(120);
      // From the stand-in's word that the caller speaks.
      if (turns === 'server') expect(call.stopsMs[0]! - session!.turns[1]!.beganAtMs).toBeLessThan(100);
    }),
  );
}

it(
  'lets the caller interrupt what is still played long after the model has said it, and does not cancel what is over',
  judgingTimes(async () => {
    const standIn = await standInFor({ answerMs: 40_000, pace: 60 });
    const example = await startAgent();
    const call = await dial(standIn, example);
    call.speak(700);
    // More than the call's queue holds: the rest waits in the agent.
    await eventually(() => standIn.sessions[0]!.answers[0]?.status === 'completed');
    await eventually(() => (call.heard.get(1) ?? 0) > 30);
    call.speak(700);
    await eventually(() => (call.heard.get(2) ?? 0) > 30);
    await call.hangUp();
    expect(await example.interrupt()).toBe(0);
    await always(() => expect(call.faults).toEqual([]));
    expect(call.heard.get(1)!).toBeLessThan(1_000);
    expect(standIn.sessions[0]!.errors).toEqual([]);
    expect(standIn.sessions[0]!.answers[0]!.truncatedMs).toBeLessThan(20_000);
  }),
);

it(
  'passes calls of tools on, and the results back',
  judgingTimes(async () => {
    const standIn = await standInFor({ answerMs: 600, toolEvery: 1 });
    const example = await startAgent();
    const call = await dial(standIn, example);
    call.speak(700);
    await eventually(() => call.heard.get(1) === framesOf(600));
    await call.hangUp();
    expect(await example.interrupt()).toBe(0);
    const [session] = standIn.sessions;
    expect(session!.errors).toEqual([]);
    expect(session!.received.map(({ event }) => event.type)).toEqual([
      'session.update',
      'conversation.item.create',
      'response.create',
    ]);
    const { item } = session!.received[1]!.event;
    expect(JSON.parse(item.output)).toEqual({ day: 'Sunday', hours: 'closed' });
    expect(eventsOfType(example, 'tool')).toMatchObject([{ name: 'opening_hours' }]);
  }),
);

it(
  'says to its end what had come when the connection is lost, and goes on with the next one',
  judgingTimes(async () => {
    const standIn = await standInFor({ answerMs: 3_000, breakEvery: 2 });
    const example = await startAgent();
    const call = await dial(standIn, example);
    call.speak(700);
    await eventually(() => call.heard.get(1) === framesOf(3_000));
    // What is sent is heard a moment later: speaking now would interrupt it.
    await sleep(600);
    call.speak(700);
    await eventually(() => call.heard.get(3) === framesOf(3_000));
    await call.hangUp();
    expect(await example.interrupt()).toBe(0);
    await always(() => expect(call.faults).toEqual([]));
    const [lost, next] = standIn.sessions;
    // The second turn may still silence the end of the first answer; nothing is silenced for the loss.
    expect(call.stopsMs.filter((ms) => ms >= lost!.answers[1]!.createdAtMs)).toEqual([]);
    const { sentMs } = lost!.answers[1]!;
    expect(sentMs).toBeGreaterThan(1_400);
    expect(sentMs).toBeLessThan(2_000);
    expect(call.heard.get(2)).toBe(framesOf(sentMs));
    // What was said before, then the wish to continue.
    expect(next!.received.map(({ event }) => event.item?.content[0].text ?? event.type)).toEqual([
      'session.update',
      'answer 1',
      'answer 2',
      'response.create',
    ]);
    expect([...lost!.errors, ...next!.errors]).toEqual([]);
  }),
);

it(
  'keeps trying while the model refuses; the caller hears that the line is alive, and what was said meanwhile is heard',
  judgingTimes(async () => {
    const standIn = await standInFor({ answerMs: 600 });
    standIn.refusals = [429, 503, 401, 429, 503];
    const example = await startAgent();
    const clock = new Clock();
    onTestFinished(() => clock.stop());
    const call = await AgentCall.dial(example.url, 'refused', clock, standIn);
    await eventually(() => standIn.refusals.length === 1);
    call.speak(700);
    await eventually(() => call.heard.get(1) === framesOf(600));
    await call.hangUp();
    expect(await example.interrupt()).toBe(0);
    expect(eventsOfType(example, 'lost').map(({ reason }) => reason.replace(/\D+/, ''))).toEqual([
      '429',
      '503',
      '401',
      '429',
      '503',
    ]);
    expect(call.otherFrames).toBeGreaterThan(10);
    expect(standIn.sessions[0]!.turns.length).toBe(1);
  }),
);

it(
  'leaves nothing behind when the caller hangs up in the middle of an answer',
  judgingTimes(async () => {
    const standIn = await standInFor({ answerMs: 20_000, pace: 2 });
    const example = await startAgent();
    const calls = [await dial(standIn, example, 'a'), await dial(standIn, example, 'b')];
    for (const call of calls) call.speak(700);
    await eventually(() => calls.every((call) => call.heard.size === 1));
    await calls[0]!.hangUp();
    const hungUpMs = performance.now();
    await eventually(() => standIn.sessions.filter(({ isOpen }) => isOpen).length === 1);
    // Not when the last reader of all rings has been given up.
    expect(performance.now() - hungUpMs).toBeLessThan(5_000);
    // The other one is not touched.
    const frames = [...calls[1]!.heard.values()][0]!;
    await eventually(() => [...calls[1]!.heard.values()][0]! > frames + 50);
    await calls[1]!.hangUp();
    await eventually(() => standIn.sessions.every(({ isOpen }) => !isOpen));
    await eventually(() => eventsOfType(example, 'ended').length === 2);
    expect(eventsOfType(example, 'lost')).toEqual([]);
    expect(await example.interrupt()).toBe(0);
  }),
);

it(
  'asks again when the model has failed, greets first, and renews an old session while nobody speaks',
  judgingTimes(async () => {
    const standIn = await standInFor({ answerMs: 600, failEvery: 2 });
    const example = await startAgent('--greeting', 'Say hello.', '--session-minutes', '0.05');
    const call = await dial(standIn, example);
    // The greeting, without a turn; the second response fails, the third is asked for.
    await eventually(() => call.heard.get(1) === framesOf(600));
    call.speak(700);
    await eventually(() => call.heard.get(2) === framesOf(600));
    await eventually(() => standIn.sessions.length === 2);
    await call.hangUp();
    expect(await example.interrupt()).toBe(0);
    expect(eventsOfType(example, 'trouble').map(({ what }) => what)).toEqual([
      'the model did not answer: rate_limit_exceeded',
    ]);
    expect(standIn.sessions.flatMap(({ errors }) => errors)).toEqual([]);
  }),
);
