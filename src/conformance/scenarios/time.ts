/** A call's time: timestamps that jump; frames that are late, early, duplicated or missing. Main thread. */
import type { Call } from '../call.ts';
import type { Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';
import { audio, provoking } from './provoke.ts';

const framesPerSecond = 50;
const burstFrames = 2 * framesPerSecond;
const fourSpeakers = ['4:+15550100', '4:+15550101', '4:+15550102', '4:+15550103'];

/** Several frames by number, counted from the call's current place. */
function sequence(name: string, steps: readonly number[]) {
  return {
    name,
    send(call: Call) {
      for (const step of steps) call.say(call.frame + step);
      call.frame += Math.max(...steps, 0) + 1;
    },
  };
}

async function burst(kit: Kit): Promise<void> {
  const call = await kit.call({ participants: fourSpeakers });
  call.speak(5);
  await kit.assertAlive(call.link, 'its beginning');
  call.speak(burstFrames);
  await kit.expectOpen(call, `${burstFrames * fourSpeakers.length} messages at once`);
  await kit.hangUp(call);
}

/** How long after `sinceMs` it ended, as a verdict: soon is a failure, later a policy. */
function judgeCut(
  kit: Kit,
  sinceMs: number,
  soonMs: number,
  ending: { seen: string; atMs: number },
  what: string,
): void {
  const afterMs = ending.atMs - sinceMs;
  const seen = `after ${(afterMs / 1000).toFixed(1)} s ${what} the server ${ending.seen}`;
  if (afterMs <= soonMs) kit.fail(seen);
  kit.warn(seen);
}

async function slowStart(kit: Kit): Promise<void> {
  const { watchMs } = kit.timing;
  const call = await kit.call({ withMetadata: false });
  const openedMs = performance.now();
  const ending = await call.link.ended(6 * watchMs);
  if (ending !== null) return judgeCut(kit, openedMs, 2 * watchMs, ending, 'without a message');
  call.metadata();
  await kit.expectOpen(call, 'metadata that came late');
  await kit.hangUp(call);
}

async function longSilence(kit: Kit): Promise<void> {
  const { watchMs } = kit.timing;
  const call = await kit.call();
  call.speak(5);
  await kit.assertAlive(call.link, 'its beginning');
  const quietMs = performance.now();
  const ending = await call.link.ended(16 * watchMs);
  if (ending !== null) return judgeCut(kit, quietMs, 4 * watchMs, ending, 'without audio');
  await kit.expectOpen(call, 'a long pause');
  await kit.hangUp(call);
}

/** Common to all of these: however a server takes the frames, they are no reason to end the call. */
const anyTime = 'the call continues, whatever is made of the frames';

export const times: readonly Scenario[] = [
  provoking({
    name: 'timestamps',
    does: 'timestamps with 0, 3 and 7 fraction digits, with an offset, without a zone, absent, unreadable',
    must: 'the call continues',
    source: 'official code',
    matters: "captures have milliseconds, an SDK's own test has none, and the form is documented nowhere",
    remedy: 'read ISO 8601 with 0 to 7 digits; without a readable time let the frame follow the one before it',
    provocations: [
      { name: 'no fraction', send: (call) => call.audio({ timestamp: call.timestamp().replace(/\.\d+/, '') }) },
      { name: '7 digits', send: (call) => call.audio({ timestamp: call.timestamp().replace('Z', '1234Z') }) },
      { name: 'an offset', send: (call) => call.audio({ timestamp: call.timestamp().replace('Z', '+00:00') }) },
      { name: 'no zone', send: (call) => call.audio({ timestamp: call.timestamp().replace('Z', '') }) },
      audio('absent', { timestamp: undefined }),
      audio('null', { timestamp: null }),
      audio('unreadable', { timestamp: 'yesterday' }),
      audio('a number', { timestamp: 1_700_000_000_000 }),
    ],
  }),
  provoking({
    name: 'duplicates',
    does: 'frames that come twice, with the same timestamp',
    must: anyTime,
    source: 'inferred',
    matters: 'unmixed frames may share a timestamp, and after an interruption ACS may repeat some',
    remedy: 'do not use the timestamp as a unique key across participants; take a repeated frame once',
    provocations: [sequence('a frame twice', [0, 0]), sequence('three frames again', [0, 1, 2, 0, 1, 2])],
  }),
  provoking({
    name: 'swaps',
    does: 'frames that change places',
    must: anyTime,
    source: 'inferred',
    matters: 'the timestamp is the time at the media bot: it may go back a little',
    remedy: 'place audio by its timestamp, and count what comes late',
    provocations: [
      sequence('two exchanged frames', [1, 0]),
      sequence('a frame 200 ms late', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]),
    ],
  }),
  provoking({
    name: 'gaps',
    does: 'frames that are missing: one, half a second, ten minutes',
    must: anyTime,
    source: 'inferred',
    matters: 'there is no sequence number: a jump of the timestamp is all that tells a loss',
    remedy: 'fill or count the hole, with a bound: ten minutes of zeros in one go are 19 MB',
    isBeside: true,
    provocations: [sequence('one missing', [1]), sequence('25 missing', [25]), sequence('30,000 missing', [30_000])],
  }),
  provoking({
    name: 'clock-back',
    does: 'timestamps that jump back by a minute, and back by fifty years',
    must: anyTime,
    source: 'inferred',
    matters: "it is ACS's clock, and clocks are set; the call would be lost or go silent",
    remedy: 'take a jump back that is longer than any reordering for a new beginning of the timeline',
    isBeside: true,
    provocations: [
      sequence('a minute back', [-3000]),
      audio('1970', { timestamp: '1970-01-01T00:00:00.000Z' }),
      audio('the year 9999', { timestamp: '9999-12-31T23:59:59.999Z' }),
    ],
  }),
  {
    name: 'burst',
    does: 'two seconds of four participants at once: 400 messages, 20 ms apart by their timestamps',
    must: 'the call continues, a ping behind them is answered in time',
    source: 'inferred',
    matters: 'after a stall of yours, or of the network, everything that waited comes at once',
    remedy: 'bound queues by time, not by a few messages; never close because of a burst',
    isBeside: true,
    run: burst,
  },
  {
    name: 'slow-start',
    does: 'nothing for a while after the upgrade (3 s), then metadata and audio',
    must: 'the connection stays: cut within the first second is a failure, later a warning',
    source: 'inferred',
    matters: 'the socket can open before the call is connected; a connection that is cut is reported as 8581',
    remedy: 'give a new connection ten seconds',
    run: slowStart,
  },
  {
    name: 'long-silence',
    does: 'no message for a while in the middle of a call (8 s), then audio again',
    must: 'the connection stays: cut within two seconds is a failure, later a warning',
    source: 'inferred',
    matters: 'none of the four speakers speaks, or streaming was stopped: the socket may stay open and silent',
    remedy: 'let an idle timeout be a minute or so; it is needed, but not as a detector of silence',
    run: longSilence,
  },
];
