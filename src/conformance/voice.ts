/**
 * Whether a server speaks, and how it takes part in a conversation: determined once, by the first scenario that asks. Main thread.
 * The server gets nothing but what a caller might say: the caller speaks, falls silent, and speaks again over the answer.
 */
import { Conversation, type ConversationOptions } from './conversation.ts';
import { Ended } from './finding.ts';
import type { Kit, Voice } from './kit.ts';

const dumb: Voice = { speaks: false, echoes: false, stops: false, answers: false };

/** How long the caller's words are. */
export const wordsMs = 1500;
/** An answer that begins within this time of the caller's last word belongs to it. */
const overlapMs = 1500;

/** Something audible came after the caller fell silent and everything said before had been played. */
export async function isAnswered(kit: Kit, talk: Conversation): Promise<boolean> {
  const sinceMs = performance.now();
  return talk.listen(kit.timing.patienceMs, () => talk.ear.audibleAt > sinceMs);
}

async function probe(kit: Kit): Promise<Voice> {
  const talk = await Conversation.begin(kit);
  const { ear } = talk;
  await talk.speak(wordsMs);
  const speaks = await talk.listen(kit.timing.patienceMs, () => ear.audibleAt > 0);
  if (!speaks) return dumb;
  await talk.listen(overlapMs, () => ear.hasEcho);
  const before = ear.events.length;
  await talk.speak(wordsMs);
  const answers = await isAnswered(kit, talk);
  const voice = { speaks, echoes: ear.hasEcho, stops: ear.since(before).stop !== null, answers };
  await kit.hangUp(talk.call);
  return voice;
}

export async function voiceOf(kit: Kit): Promise<Voice> {
  kit.voice.found ??= await probe(kit);
  return kit.voice.found;
}

/** A call in which the server has begun to speak. Ends the scenario if it never does. */
export async function spokenTo(kit: Kit, options: ConversationOptions = {}): Promise<Conversation> {
  const voice = await voiceOf(kit);
  if (!voice.speaks) throw new Ended('not applicable', 'does not speak: skipped');
  const talk = await Conversation.begin(kit, options);
  await talk.speak(wordsMs);
  const heard = await talk.listen(kit.timing.patienceMs, () => talk.ear.audibleAt > 0);
  if (talk.call.link.ending !== null) kit.fail(`while it was spoken to the server ${talk.call.link.ending.seen}`);
  if (!heard) kit.fail('it spoke in another call, and says nothing in this one');
  return talk;
}

/** The same, with an answer that can be interrupted. */
export async function interruptible(kit: Kit): Promise<Conversation> {
  if ((await voiceOf(kit)).echoes) {
    throw new Ended('not applicable', 'says back what it hears: there is no answer to interrupt');
  }
  return spokenTo(kit);
}
