/** Servers that speak: how their audio comes, and what becomes of it when the caller interrupts. Main thread. */
import type { SampleRate } from '../../base/limits.ts';
import { frameBytes, sampleRates } from '../../base/limits.ts';
import type { Heard } from '../ear.ts';
import { Ended } from '../finding.ts';
import type { Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';
import { interruptible, isAnswered, spokenTo, wordsMs } from '../voice.ts';

/** How long the server's speech is recorded. */
const listenMs = 6000;
/** Silence within speech that is heard as choppy: its length, and its share. */
const silence = { mostMs: 60, share: 0.01, noticeMs: 20 } as const;
/** How far ahead of the clock a server may send. */
export const aheadMs = { warn: 1000, fail: 3000 } as const;

export function shown(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Everything until a second of silence, or until the time is over. */
async function said(kit: Kit, forMs: number): Promise<Heard> {
  const talk = await spokenTo(kit);
  await talk.listen(forMs, () => performance.now() > talk.ear.emptyAt + 1000);
  const heard = talk.ear.since(0);
  await kit.hangUp(talk.call);
  return heard;
}

async function steady(kit: Kit): Promise<void> {
  const heard = await said(kit, listenMs);
  const { audioMs, gapMs, gaps } = heard;
  const seen = `${shown(gapMs)} of silence, in ${gaps.length} gaps, within ${shown(audioMs)} of audio`;
  if (gapMs > Math.max(silence.mostMs, audioMs * silence.share)) kit.fail(seen);
  if (gapMs > silence.noticeMs) kit.warn(seen);
  else kit.note(seen);
}

async function paced(kit: Kit): Promise<void> {
  const { leadMs, audioMs } = await said(kit, listenMs);
  const seen = `up to ${shown(leadMs)} ahead of what is heard, of ${shown(audioMs)} of audio`;
  if (leadMs > aheadMs.fail) kit.fail(seen);
  if (leadMs > aheadMs.warn) kit.warn(seen);
  else kit.note(seen);
}

async function stopFirst(kit: Kit): Promise<void> {
  const { lateMs } = kit.timing;
  const talk = await interruptible(kit);
  const { ear } = talk;
  await talk.listen(600);
  const interruptedMs = performance.now();
  if (ear.emptyAt <= interruptedMs)
    throw new Ended('not applicable', 'its answer was over before it could be interrupted');
  const before = ear.events.length;
  await talk.speak(2000);
  const during = ear.since(before);
  const { stop, afterStop } = during;
  if (stop === null) {
    const talkedMs = Math.min(performance.now(), ear.emptyAt) - interruptedMs;
    if (talkedMs >= 1500) kit.fail(`spoke on for ${shown(talkedMs)} over a caller who spoke, and sent no StopAudio`);
    throw new Ended('not applicable', `its answer was over ${shown(talkedMs)} after the caller began to speak`);
  }
  if (afterStop.audibleMs > 0) {
    kit.fail(`${shown(afterStop.audibleMs)} of audio came behind StopAudio, while the caller was speaking`);
  }
  const stopMs = stop.atMs - interruptedMs;
  const after = ear.events.length;
  if (await isAnswered(kit, talk)) {
    await talk.listen(300);
    const answer = ear.since(after);
    const late = answer.events.findIndex(({ isAudible }) => isAudible);
    if (answer.stop !== null && answer.stopIndex > late) {
      kit.fail(`StopAudio came behind the beginning of the new answer, and took ${shown(answer.stop.queuedMs)} of it`);
    }
  }
  const seen = `StopAudio came ${shown(stopMs)} after the caller began to speak, and nothing behind it`;
  if (stopMs > lateMs) kit.fail(seen);
  if (stopMs > lateMs / 2) kit.warn(seen);
  else kit.note(seen);
  await kit.hangUp(talk.call);
}

/** After this long without a message everything has been sent; and this much must be left to make a StopAudio worthwhile. */
const flushed = { quietMs: 300, leftMs: 1000 } as const;

async function stopWhenFlushed(kit: Kit): Promise<void> {
  const talk = await interruptible(kit);
  const { ear } = talk;
  const isFlushed = () => {
    const nowMs = performance.now();
    return nowMs - ear.events.at(-1)!.atMs >= flushed.quietMs && ear.emptyAt - nowMs >= flushed.leftMs;
  };
  const isOver = () => performance.now() > ear.emptyAt + 500;
  await talk.listen(listenMs + wordsMs, () => isFlushed() || isOver());
  if (!isFlushed()) {
    kit.note(`never more than ${shown(ear.since(0).leadMs)} ahead: when all has been sent, little is left to be heard`);
    return kit.hangUp(talk.call);
  }
  const before = ear.events.length;
  const interruptedMs = performance.now();
  const leftMs = ear.emptyAt - interruptedMs;
  await talk.speak(wordsMs);
  const { stop } = ear.since(before);
  if (stop === null) kit.fail(`all had been sent, ${shown(leftMs)} were still to be heard, and no StopAudio came`);
  kit.note(
    `StopAudio after ${shown(stop.atMs - interruptedMs)}, though all had been sent: it took ${shown(stop.queuedMs)}`,
  );
  await kit.hangUp(talk.call);
}

/** Most messages are whole frames of the other rate, and not of this one. */
function isOfOther(heard: Heard, sampleRate: SampleRate): boolean {
  const pieces = heard.audio.filter(({ byteCount }) => byteCount > 0);
  const isWhole = (bytes: number, rate: number) => bytes % frameBytes(rate) === 0;
  const other = pieces.filter(
    ({ byteCount }) =>
      !isWhole(byteCount, sampleRate) && sampleRates.some((rate) => rate !== sampleRate && isWhole(byteCount, rate)),
  );
  return other.length > pieces.length / 2;
}

async function rate(kit: Kit): Promise<void> {
  const sizes: string[] = [];
  const lengths: string[] = [];
  for (const sampleRate of sampleRates) {
    const talk = await spokenTo(kit, { sampleRate });
    await talk.listen(1500);
    const heard = talk.ear.since(0);
    const bytes = [...new Set(heard.audio.map(({ byteCount }) => byteCount))].slice(0, 3).join(', ');
    const kHz = sampleRate / 1000;
    await kit.hangUp(talk.call);
    if (isOfOther(heard, sampleRate)) {
      kit.fail(`in a call of ${kHz} kHz it sends pieces of ${bytes} bytes: whole frames of 20 ms at the other rate`);
    }
    sizes.push(`${bytes} bytes at ${kHz} kHz`);
    lengths.push(bytes);
  }
  const seen = `pieces of ${sizes.join(', ')}`;
  if (lengths[0] === lengths[1]) kit.warn(`${seen}: as if it did not look at the metadata`);
  else kit.note(seen);
}

export const speech: readonly Scenario[] = [
  {
    name: 'steady',
    does: `a caller speaks, falls silent, and listens for ${listenMs / 1000} s to what the server says`,
    must: `within what it says, less silence than ${silence.mostMs} ms or 1 %; ${silence.noticeMs} ms are a warning`,
    source: 'documented',
    matters:
      'ACS plays silence when nothing comes in time: a timer that is set anew each time, or no lead, is heard as choppy',
    remedy: 'pace by an absolute clock, and stay 100 to 200 ms ahead',
    takesMs: listenMs + 4000,
    run: steady,
  },
  {
    name: 'paced',
    does: 'the same, and how far the server is ahead of what is heard',
    must: `at most ${aheadMs.fail / 1000} s; more than ${aheadMs.warn / 1000} s is a warning`,
    source: 'inferred',
    matters: "what ACS's queue holds is not documented, and of what lies in it nobody can say how much was heard",
    remedy: 'send each frame shortly before it is to be heard',
    takesMs: listenMs + 4000,
    run: paced,
  },
  {
    name: 'stop-first',
    does: 'the caller speaks over an answer',
    must: 'StopAudio comes, within a second (half of it without a warning), before anything of a new answer, and nothing of the old one after it',
    source: 'official code',
    matters: 'a voice that goes on over the caller, or begins again after it was stopped, is what callers hang up on',
    remedy: 'drop what waits first, refuse what still comes of the old answer, then send StopAudio, in the same turn',
    takesMs: 10_000,
    run: stopFirst,
  },
  {
    name: 'stop-when-flushed',
    does: 'the caller speaks over an answer of which all has been sent and a second or more is still to be heard',
    must: 'StopAudio comes all the same; a server that is never so far ahead has nothing to stop',
    source: 'inferred',
    matters: 'what was sent is in the queue of ACS: the rest of a long answer is played over the caller',
    remedy: 'take an answer for finished when it has been heard, not when it has been sent',
    takesMs: listenMs + 6000,
    run: stopWhenFlushed,
  },
  {
    name: 'rate',
    does: 'calls of 16 and of 24 kHz, as their metadata say',
    must: 'what the server sends is not in whole frames of the other rate; pieces of the same length at both are a warning',
    source: 'documented',
    matters: 'audio of another rate is heard too slow and low, or too fast and high',
    remedy: "take the sample rate from the call's AudioMetadata, and resample what has another",
    takesMs: 12_000,
    run: rate,
  },
];
