/** Servers that speak to peers that do not read, vanish, or reconnect. Main thread. */

import type { Call } from '../call.ts';
import { Conversation } from '../conversation.ts';
import { callHeaders, type Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';
import { isAnswered, spokenTo, voiceOf, wordsMs } from '../voice.ts';
import { isPolicy } from './ends.ts';
import { aheadMs, shown } from './speech.ts';

const frozenMs = { before: 1000, words: 1000, after: 6000 } as const;
const frozenSeconds = (frozenMs.before + frozenMs.words + frozenMs.after) / 1000;
/** What arrives within this time after the peer reads again was queued. */
const backlogMs = 400;
/** How much may be queued then: missing pongs tell a server that nothing is read. */
const waitingMsMax = 4000;

/** The server answers again. */
async function expectAnswer(kit: Kit, talk: Conversation, after: string): Promise<void> {
  await kit.assertAlive(talk.call.link, after);
  if (!(await voiceOf(kit)).answers) return;
  await talk.speak(wordsMs);
  if (!(await isAnswered(kit, talk))) kit.fail(`after ${after} the server says nothing any more`);
}

async function slowReader(kit: Kit): Promise<void> {
  const talk = await spokenTo(kit);
  const { ear, call } = talk;
  await talk.listen(500);
  const { leadMs } = ear.since(0);
  call.link.freeze();
  await talk.listen(frozenMs.before);
  await talk.speak(frozenMs.words);
  await talk.listen(frozenMs.after);
  const before = ear.events.length;
  call.link.thaw();
  await talk.listen(backlogMs);
  if (call.link.ending !== null) {
    return kit.warn(`while nothing was read for ${frozenSeconds} s the server ${call.link.ending.seen}`);
  }
  const waited = ear.since(before);
  const { audioMs } = waited;
  // What StopAudio takes away in the same moment delays nothing, but it waited all the same. Who sends whole answers is told by `paced`.
  if (leadMs <= aheadMs.fail && audioMs > waitingMsMax) {
    kit.fail(`${shown(audioMs)} of audio had been sent to a peer that read nothing for ${frozenSeconds} s`);
  }
  const { stops } = await voiceOf(kit);
  if (stops && waited.stop === null) await talk.listen(1000, () => ear.since(before).stop !== null);
  if (stops && ear.since(before).stop === null) {
    kit.fail('the caller spoke over it meanwhile, and no StopAudio came when the peer read again');
  }
  await expectAnswer(kit, talk, `${frozenSeconds} s in which nothing was read`);
  kit.note(`when the peer read again, ${shown(audioMs)} of audio had waited for it, and it is spoken to again`);
  await kit.hangUp(call);
}

const hangUps: readonly (readonly [string, (kit: Kit, call: Call) => unknown])[] = [
  ['a close frame', (kit, call) => call.link.close(1000, kit.timing.patienceMs)],
  ['a reset', (_, call) => call.link.reset()],
  ['an end without a close frame', (_, call) => call.link.finish()],
];

async function hangUpWhileSpeaking(kit: Kit): Promise<void> {
  const other = await spokenTo(kit);
  for (const [name, hangUp] of hangUps) {
    let isDone = false;
    const listening = other.listen(60_000, () => isDone);
    try {
      const talk = await spokenTo(kit);
      await talk.listen(300);
      await hangUp(kit, talk.call);
      await kit.rest(300);
    } finally {
      isDone = true;
      await listening;
    }
    const { ending } = other.call.link;
    if (ending !== null) kit.fail(`after ${name} in one call the server ended another: it ${ending.seen}`);
  }
  await expectAnswer(kit, other, 'three other calls were hung up while they were spoken to');
  await kit.hangUp(other.call);
}

async function resumeWhileSpeaking(kit: Kit): Promise<void> {
  const identity = kit.nextIdentity();
  const first = await spokenTo(kit, { identity });
  await first.listen(500);
  const { leadMs } = first.ear.since(0);
  first.call.link.reset();
  const answer = await kit.dial({ callHeaders: callHeaders(identity) });
  if (answer.link === null) {
    const seen = `the second connection of the call was not let in: the server ${answer.seen}`;
    if (answer.status === 409 || answer.status === 503) return kit.warn(seen);
    kit.fail(seen);
  }
  const call = kit.begin(answer.link, { identity });
  const talk = Conversation.over(call);
  const startMs = performance.now();
  await talk.listen(wordsMs);
  const { ending } = call.link;
  if (ending !== null) {
    const seen = `when the same subscription came back the server ${ending.seen}`;
    if (isPolicy(ending.code)) return kit.warn(seen);
    kit.fail(seen);
  }
  const heard = talk.ear.since(0);
  const spokeOn = heard.events.find(({ isAudible }) => isAudible);
  if (leadMs <= aheadMs.fail && heard.leadMs > aheadMs.fail) {
    kit.fail(`${shown(heard.leadMs)} of audio came at once when the same subscription came back`);
  }
  await expectAnswer(kit, talk, 'the same subscription came back');
  kit.note(spokeOn === undefined ? 'it fell silent' : `it spoke on after ${shown(spokeOn.atMs - startMs)}`);
  await kit.hangUp(call);
}

export const speechPeers: readonly Scenario[] = [
  {
    name: 'slow-reader',
    does: `a peer that reads nothing for ${frozenSeconds} s while it is spoken to; the caller interrupts meanwhile`,
    must: `at most ${waitingMsMax / 1000} s of audio wait for it, StopAudio comes through, and it is spoken to again`,
    source: 'observed',
    matters: 'what waits in memory grows, and is heard later than it should be for the rest of the call',
    remedy:
      'send at the pace of the call only while nothing waits in the socket; look for pongs; leave room for StopAudio',
    takesMs: 18_000,
    run: slowReader,
  },
  {
    name: 'hang-up-while-speaking',
    does: 'three calls end while they are spoken to: closed, reset, without a close frame; a fourth listens',
    must: 'the fourth is spoken to as ever',
    source: 'inferred',
    matters: 'an error of a send into a connection that is gone ends all other calls as well',
    remedy: 'one socket for each call, its errors caught; stop speaking when it ends',
    isBeside: true,
    takesMs: 25_000,
    run: hangUpWhileSpeaking,
  },
  {
    name: 'resume-while-speaking',
    does: 'the connection breaks off while it is spoken to, and the same subscription comes back at once',
    must: 'the server speaks on or is silent, sends nothing of what was missed at once, and answers when it is spoken to',
    source: 'official code',
    matters: 'an answer that is still sent to the old socket leaves the caller in silence for the rest of the call',
    remedy: 'look for the socket of the call at each send; begin a new clock when it has changed',
    takesMs: 12_000,
    run: resumeWhileSpeaking,
  },
];
