/** Pace, load, and misbehaving peers: what one call may cost another. Main thread. */

import { clientFrame, opcode } from '../../simulator/frame.ts';
import { audioMessage } from '../../simulator/message.ts';
import type { Call } from '../call.ts';
import { callHeaders, type Kit } from '../kit.ts';
import { brokenAudio } from '../outbound.ts';
import type { Scenario } from '../scenario.ts';
import { graceMs } from '../timing.ts';

const fourSpeakers = ['4:+15550100', '4:+15550101', '4:+15550102', '4:+15550103'];
const framesPerSecond = 50;

async function pace(kit: Kit): Promise<void> {
  const { patienceMs, lateMs, watchMs } = kit.timing;
  const call = await kit.call({ participants: fourSpeakers });
  let slowestMs = 0;
  for (let i = 0; i < 4; i++) {
    await call.goOn(watchMs);
    const startMs = performance.now();
    const problem = await kit.problem(call.link);
    if (problem !== null)
      kit.fail(`after ${call.frame * fourSpeakers.length} messages at the pace of a call the server ${problem}`);
    slowestMs = Math.max(slowestMs, performance.now() - startMs - graceMs(kit.timing));
  }
  const seen = `behind the audio a ping took ${Math.max(0, Math.round(slowestMs))} ms at most`;
  await kit.hangUp(call);
  if (!kit.facts.answersPings) return kit.warn(`it answers no pings within ${patienceMs} ms: its pace cannot be seen`);
  if (slowestMs > lateMs) kit.fail(seen);
  if (slowestMs > lateMs / 4) kit.warn(seen);
  else kit.note(seen);
}

const floodBytes = 16 * 2 ** 20;
const floodBatch = 100;

interface Flood {
  /** Messages that the server has certainly read, and how long that took. */
  readonly taken: number;
  readonly seconds: number;
  /** How long it has not read although something is left; 0 when nothing is. */
  readonly stalledMs: number;
  readonly held: boolean;
}

/** Sends as fast as the server reads, with a ping behind every batch that says how far it has come. */
async function sendFlood(kit: Kit, call: Call): Promise<Flood> {
  const { patienceMs } = kit.timing;
  const startMs = performance.now();
  let taken = 0;
  let lastMs = startMs;
  let held = false;
  let sentBytes = 0;
  const confirmations: Promise<void>[] = [];
  while (sentBytes < floodBytes && performance.now() - startMs < patienceMs && call.link.isOpen) {
    if (call.link.queuedBytes > 2 ** 20) {
      held = true;
      await kit.rest(5);
      continue;
    }
    const frames = Array.from({ length: floodBatch }, () => {
      const timestamp = call.timestamp(call.frame++);
      return clientFrame(opcode.text, audioMessage({ participantId: null, timestamp, data: call.data, silent: false }));
    });
    const batch = Buffer.concat(frames);
    call.link.write(batch);
    sentBytes += batch.length;
    const { frame } = call;
    confirmations.push(
      call.link.ping(3 * patienceMs).then((ms) => {
        if (ms === null) return;
        taken = Math.max(taken, frame);
        lastMs = performance.now();
      }),
    );
    await kit.rest(0);
  }
  const all = Promise.all(confirmations).then(() => true);
  while (
    call.link.isOpen &&
    performance.now() - lastMs < patienceMs &&
    performance.now() - startMs < 2.5 * patienceMs
  ) {
    if (await Promise.race([all, kit.rest(20).then(() => false)])) break;
  }
  const isWhole = taken === call.frame;
  const seconds = ((isWhole ? lastMs : performance.now()) - startMs) / 1000;
  return { taken, seconds: Math.max(0.001, seconds), stalledMs: isWhole ? 0 : performance.now() - lastMs, held };
}

async function flood(kit: Kit): Promise<void> {
  const call = await kit.call();
  const { taken, seconds, stalledMs, held } = await sendFlood(kit, call);
  const { ending } = call.link;
  if (ending !== null) {
    const seen = `after ${taken} messages at once the server ${ending.seen}`;
    if (ending.code === 1006) kit.fail(seen);
    return kit.warn(seen);
  }
  if (!kit.facts.answersPings) {
    if (call.link.queuedBytes > 2 ** 19) kit.fail('the server does not read: what is sent to it waits here');
    return kit.warn('it answers no pings: how fast it reads cannot be seen');
  }
  if (stalledMs >= kit.timing.patienceMs) {
    kit.fail(`the server took ${taken} messages and then nothing for ${Math.round(stalledMs)} ms`);
  }
  const rate = taken / seconds;
  const how = held ? 'it held us back, as it should when it is slower' : 'it took everything at once';
  const seen = `${taken} messages in ${seconds.toFixed(2)} s, ${Math.round(rate / framesPerSecond)} times the pace of a call; ${how}`;
  if (rate < framesPerSecond) kit.fail(seen);
  if (rate < framesPerSecond * fourSpeakers.length) kit.warn(`${seen}: less than four speakers need`);
  else kit.note(seen);
  await kit.hangUp(call);
}

const callCount = 50;

async function manyAtOnce(kit: Kit): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: callCount }, () => kit.dial({ callHeaders: callHeaders(kit.nextIdentity()) })),
  );
  const refused = answers.filter(({ status }) => status === 503 || status === 429);
  const lost = answers.filter(({ link, status }) => link === null && status !== 503 && status !== 429);
  if (lost.length > 0) kit.fail(`${lost.length} of ${callCount} calls were not let in: the server ${lost[0]!.seen}`);
  const links = answers.flatMap(({ link }) => link ?? []);
  const problems = (await Promise.all(links.map((link) => kit.problem(link)))).filter((problem) => problem !== null);
  if (problems.length > 0) kit.fail(`in ${problems.length} of ${callCount} calls the server ${problems[0]}`);
  if (refused.length > 0) return kit.warn(`${refused.length} of ${callCount} calls: the server ${refused[0]!.seen}`);
  kit.note(`${callCount} upgrades within ${Math.round(Math.max(...answers.map(({ handshakeMs }) => handshakeMs)))} ms`);
}

async function churn(kit: Kit): Promise<void> {
  const one = async (lane: number) => {
    for (let i = 0; i < 10; i++) {
      const call = await kit.call({}, 'one of forty short calls');
      call.speak(3);
      if ((i + lane) % 3 === 0) call.link.reset();
      else if ((i + lane) % 3 === 1) call.link.destroy();
      else await call.link.close(1000, 200);
    }
  };
  await Promise.all([0, 1, 2, 3].map(one));
}

/** Traffic that any public address gets. None of it is ACS. */
const garbage: readonly (readonly [string, Buffer])[] = [
  ['a reserved bit set', Buffer.from([0xf1, 0x80, 1, 2, 3, 4])],
  ['a reserved kind', Buffer.from([0x8b, 0x80, 1, 2, 3, 4])],
  ['no mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
  ['a length beyond all numbers', Buffer.from([0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4])],
  ['text that is not UTF-8', clientFrame(opcode.text, Buffer.from([0xff, 0xfe, 0xc0]))],
  ['a fragment of nothing', clientFrame(opcode.continuation, 'x')],
  ['half a close code', clientFrame(opcode.close, 'x')],
  ['noise in it', Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31 + i * 7) & 0xff))],
];

async function garbageBeside(kit: Kit): Promise<void> {
  let before = 'nothing yet';
  for (const [name, bytes] of garbage) {
    const link = await kit.open(undefined, `after a frame with ${before} a call`);
    link.write(bytes);
    await link.ended(graceMs(kit.timing));
    link.reset();
    before = name;
  }
  for (const raw of ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'GET\r\n\r\n', `GET /${'a'.repeat(20_000)}`]) {
    const answer = kit.dial({ raw });
    await Promise.race([answer, kit.rest(50)]);
  }
  const call = await kit.call({}, 'a call that will misbehave');
  for (let i = 0; i < 500 && call.link.isOpen; i++) call.link.send('{"kind":"AudioData","audioData":{"data":');
  await kit.rest(kit.timing.watchMs);
}

async function outbound(kit: Kit): Promise<void> {
  const call = await kit.call();
  await call.goOn(2 * kit.timing.watchMs);
  await kit.assertAlive(call.link, 'a second of audio');
  const { outboundCount } = call.link;
  const anomalies = [...call.link.anomalies].filter((anomaly) => !anomaly.startsWith(brokenAudio));
  if (anomalies.length > 0)
    kit.warn(`the server sent ${anomalies.join(', ')}: what ACS does with it is documented nowhere`);
  else kit.note(outboundCount === 0 ? 'it sends nothing' : `it sent ${outboundCount} messages for ACS`);
  await kit.hangUp(call);
}

export const loads: readonly Scenario[] = [
  {
    name: 'pace',
    does: 'two seconds of four participants, 200 messages a second, with pings behind them',
    must: 'the pings are answered within a second; a quarter of that is a warning',
    source: 'documented',
    matters: 'a server that is slower than the audio falls behind further with every second of the call',
    remedy: 'do not work in the message handler; look for what blocks the event loop',
    run: pace,
  },
  {
    name: 'flood',
    does: '16 MiB of valid audio as fast as it is taken',
    must: 'it is read faster than a call speaks, or the sender is held back, or the call closed with a code (a warning)',
    source: 'inferred',
    matters:
      'what is not read waits in the kernel and then at ACS; what is read and not worked off waits in your memory',
    remedy: 'read as fast as you work, and bound every queue between the two',
    isBeside: true,
    run: flood,
  },
  {
    name: 'many-at-once',
    does: `${callCount} calls that connect in the same moment`,
    must: 'all are let in and served; refusing some with 503 or 429 is a limit, and a warning',
    source: 'inferred',
    matters: 'after a restart all calls come back at once',
    remedy: 'do nothing slow in the upgrade; no global socket',
    isBeside: true,
    run: manyAtOnce,
  },
  {
    name: 'churn',
    does: 'forty short calls, four at a time: hung up, closed without a frame, reset',
    must: 'each is let in, and a call beside them continues',
    source: 'inferred',
    matters: 'what a call leaves behind adds up',
    remedy: 'free everything of a call when its socket ends, however it ends',
    isBeside: true,
    run: churn,
  },
  {
    name: 'garbage-beside',
    does: 'other connections send broken frames, noise, and 500 broken messages in a row',
    must: 'those may be closed; the call beside them continues, delayed by less than a second',
    source: 'internet',
    matters: 'a public address is scanned all day: that must not be heard in a call',
    remedy: 'catch per connection; do not log a stack trace for each broken message',
    isBeside: true,
    run: garbageBeside,
  },
  {
    name: 'outbound',
    does: 'listens to what the server sends during a call',
    must: 'nothing, or AudioData and StopAudio; anything else is a warning, broken PCM and broken frames are a failure',
    source: 'documented',
    matters: 'what is sent as audio is heard by the caller; what else ACS makes of it is not documented',
    remedy: 'send the documented messages only, as text, PCM of the rate of the call; echo nothing back',
    run: outbound,
  },
];
