/** How calls end: closes, resets, peers that vanish, and reconnects. Main thread. */

import { clientFrame, opcode } from '../../simulator/frame.ts';
import { callHeaders, type Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';

async function closeWith(kit: Kit, code: number | null): Promise<void> {
  const { patienceMs } = kit.timing;
  const call = await kit.call();
  call.speak(5);
  await kit.assertAlive(call.link, 'its beginning');
  const ending = await call.link.close(code, patienceMs);
  if (ending === null)
    return kit.fail(`the server neither answered the close frame nor closed within ${patienceMs} ms`);
  if (ending.code === 1006) kit.warn(`the server ${ending.seen}: it should answer the close frame`);
}

function closing(name: string, code: number | null, when: string): Scenario {
  const what = code === null ? 'a close frame without a code (1005)' : `the close code ${code}`;
  return {
    name,
    does: `${what}: ${when}`,
    must: 'the close frame is answered and the connection ends; ending without an answer is a warning',
    source: 'inferred',
    matters: 'any code can come at the end of a call; a connection that is not ended takes its place forever',
    remedy: 'treat every close code as the end of the call, and let the library answer',
    run: (kit) => closeWith(kit, code),
  };
}

async function hangUpWithoutClose(kit: Kit): Promise<void> {
  const { patienceMs } = kit.timing;
  const call = await kit.call();
  call.speak(5);
  await kit.assertAlive(call.link, 'its beginning');
  call.link.finish();
  const ending = await call.link.ended(patienceMs);
  if (ending === null) kit.fail(`the server kept its side open for ${patienceMs} ms after ours was closed`);
}

async function breakOff(kit: Kit): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const call = await kit.call({}, i === 0 ? 'the call' : 'after a break-off the next call');
    call.speak(5);
    await kit.assertAlive(call.link, 'its beginning');
    call.speak(50);
    if (i > 0) {
      // In mid-message, after part of a frame.
      call.link.write(clientFrame(opcode.text, '{"kind":"AudioData","audioData":{}}').subarray(0, 20));
      await kit.rest(5);
    }
    call.link.reset();
    await kit.rest(5);
  }
}

const silentPeers = 5;

async function halfOpen(kit: Kit): Promise<void> {
  for (let i = 0; i < silentPeers; i++) {
    const gone = await kit.call({}, 'a call');
    gone.speak(5);
    gone.link.freeze();
  }
  const call = await kit.call({}, `beside ${silentPeers} dead peers a call`);
  await kit.expectOpen(call, `${silentPeers} peers that are gone without a word`);
  await kit.hangUp(call);
  for (const link of kit.links) link.reset();
}

/** Close codes of a refusal: policy, try again later, and the range for applications. */
export function isPolicy(code: number): boolean {
  return code === 1008 || code === 1013 || code >= 4000;
}

async function reconnect(kit: Kit): Promise<void> {
  const identity = kit.nextIdentity();
  const gone = await kit.call({ identity });
  gone.speak(25);
  await kit.assertAlive(gone.link, 'its beginning');
  gone.link.freeze();
  const answer = await kit.dial({ callHeaders: callHeaders(identity) });
  if (answer.link === null) {
    const seen = `the second connection of the call was not let in: the server ${answer.seen}`;
    if (answer.status === 409 || answer.status === 503) return kit.warn(seen);
    return kit.fail(seen);
  }
  const call = kit.begin(answer.link, { identity });
  const problem = await kit.problem(call.link);
  if (problem === null) {
    call.frame = 40;
    await kit.expectOpen(call, 'the same subscription came back');
    await kit.hangUp(call);
  } else if (call.link.ending !== null && isPolicy(call.link.ending.code)) {
    kit.warn(`the server ${problem} when the same subscription came back`);
  } else kit.fail(`when the same subscription came back the server ${problem}`);
  gone.link.reset();
}

export const ends: readonly Scenario[] = [
  closing('close-1000', 1000, 'the call was hung up'),
  closing('close-1001', 1001, 'the other side goes away'),
  closing('close-1005', null, 'as some clients end'),
  {
    name: 'hang-up-without-close',
    does: 'our side of the connection is closed (FIN) without a close frame: 1006',
    must: 'the server closes its side as well',
    source: 'inferred',
    matters: 'connections that are never ended pile up until no file descriptor is left',
    remedy: 'end the call when the socket ends, not only on a close frame',
    run: hangUpWithoutClose,
  },
  {
    name: 'break-off',
    does: 'the connection is reset (RST) in the middle of the audio, then in the middle of a message',
    must: 'that call ends, everything else continues',
    source: 'observed',
    matters: 'a dropped socket that takes the whole process with it has been seen in samples',
    remedy: "handle the socket's error event; catch in tasks that are not awaited",
    isBeside: true,
    run: breakOff,
  },
  {
    name: 'half-open',
    does: `${silentPeers} calls whose peers neither speak nor read any more, and a sixth that does`,
    must: 'the sixth is served as ever',
    source: 'inferred',
    matters: 'networks lose connections without a word: they must not block the others',
    remedy: 'no global socket, no lock per server; end idle connections by a timeout',
    isBeside: true,
    run: halfOpen,
  },
  {
    name: 'reconnect',
    does: 'the same call and subscription in a new connection, while the old one is half open',
    must: 'the new one is let in and its audio taken; refusing it (409, 503, 1008, 4xxx) is a policy and a warning',
    source: 'official code',
    matters:
      'ACS has states for interrupted and re-established streams; until the old socket times out the call is deaf',
    remedy: 'let the newer connection of a subscription take over',
    run: reconnect,
  },
];
