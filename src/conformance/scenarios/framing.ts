/** The same messages in other frames and packets, as WebSocket and TCP may split them. Main thread. */

import { clientFrame, opcode } from '../../simulator/frame.ts';
import { audioMessage, metadataMessage } from '../../simulator/message.ts';
import type { Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';
import { announcement, fragments } from '../wire.ts';

/** Any audio message of the call, as a text. */
function messageOf(call: Awaited<ReturnType<Kit['call']>>): string {
  return audioMessage({ participantId: null, timestamp: call.timestamp(), data: call.data, silent: false });
}

async function fragmented(kit: Kit): Promise<void> {
  const call = await kit.call();
  await kit.assertAlive(call.link, 'its beginning');
  const message = messageOf(call);
  const parts = fragments([message.slice(0, 100), '', message.slice(100, 700), message.slice(700)]);
  for (const part of parts) call.link.write(part);
  await kit.assertAlive(call.link, 'a message in four fragments');
  const ping = clientFrame(opcode.ping, 'between');
  for (const part of parts) call.link.write(Buffer.concat([part, ping]));
  await kit.expectOpen(call, 'a ping between fragments');
  await kit.hangUp(call);
}

async function segments(kit: Kit): Promise<void> {
  const call = await kit.call();
  await kit.assertAlive(call.link, 'its beginning');
  const bytes = clientFrame(opcode.text, messageOf(call));
  // The head byte by byte, then the rest; each piece is a TCP segment of its own.
  const cuts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 60, 300, 301, bytes.length];
  for (let i = 1; i < cuts.length; i++) {
    call.link.write(bytes.subarray(cuts[i - 1], cuts[i]));
    await kit.rest(2);
  }
  await kit.expectOpen(call, 'a message in thirteen segments');
  await kit.hangUp(call);
}

async function early(kit: Kit): Promise<void> {
  const call = await kit.call({ withMetadata: false });
  const metadata = metadataMessage(call.shape.subscriptionId, call.shape.sampleRate);
  const frames = Array.from({ length: 10 }, () => clientFrame(opcode.text, messageOf(call)));
  call.link.write(Buffer.concat([clientFrame(opcode.text, metadata), ...frames]));
  await kit.expectOpen(call, 'metadata and ten frames in one segment, at once after the upgrade');
  await kit.hangUp(call);
}

async function ping(kit: Kit): Promise<void> {
  const { patienceMs } = kit.timing;
  const call = await kit.call();
  call.speak(2);
  for (const payload of ['', 'hello', 'x'.repeat(125)]) {
    if ((await call.link.ping(patienceMs, payload)) !== null) continue;
    const how = call.link.ending === null ? `did not answer it within ${patienceMs} ms` : call.link.ending.seen;
    kit.fail(`after a ping of ${payload.length} bytes the server ${how}`);
  }
  call.link.write(clientFrame(opcode.pong, 'nobody asked'));
  await kit.expectOpen(call, 'an unsolicited pong');
  await kit.hangUp(call);
}

const announcedBytes = 64 * 2 ** 20;
const sentBytes = 2 ** 20;

async function oversized(kit: Kit): Promise<void> {
  const call = await kit.call();
  await kit.assertAlive(call.link, 'its beginning');
  call.link.write(announcement(announcedBytes));
  call.link.write(Buffer.alloc(sentBytes, 0x41));
  const ending = await call.link.ended(Math.max(kit.timing.watchMs, 200));
  call.link.reset();
  if (ending !== null) return kit.note(`it ${ending.seen}`);
  kit.warn(`a message of ${announcedBytes / 2 ** 20} MiB was announced and the server went on reading`);
}

export const framing: readonly Scenario[] = [
  {
    name: 'fragmented',
    does: 'a message in several WebSocket frames, one of them empty, and with pings between them',
    must: 'the call continues',
    source: 'websocket',
    matters: 'any WebSocket client may do that; a server that ignores the end-of-message flag parses halves',
    remedy: 'let a WebSocket library put messages together; in .NET read until EndOfMessage',
    run: fragmented,
  },
  {
    name: 'segments',
    does: 'a message cut into thirteen TCP segments, the head of its frame byte by byte',
    must: 'the call continues',
    source: 'websocket',
    matters: 'TCP knows no messages: on a real network a message of 1 KB arrives in pieces every day',
    remedy: 'never take what one read returns for a message',
    run: segments,
  },
  {
    name: 'early-messages',
    does: 'metadata and ten frames in one TCP segment, as soon as the upgrade is answered',
    must: 'the call continues (whether they were lost cannot be seen from outside: look at your own counts)',
    source: 'official code',
    matters: 'a message handler that is attached after an await misses the metadata',
    remedy: 'attach the handler before anything is awaited',
    run: early,
  },
  {
    name: 'ping',
    does: 'pings with no, some and 125 bytes, and an unsolicited pong',
    must: 'each ping is answered with the same bytes, the pong is ignored',
    source: 'websocket',
    matters: 'proxies and clients find dead connections by pings; servers that close on them have been seen',
    remedy: 'leave pings to the WebSocket library, and read the socket while you work',
    run: ping,
  },
  {
    name: 'oversized',
    does: 'announces a message of 64 MiB and sends the first 1 MiB of it',
    must: 'the connection is closed (1009); reading on is a warning, as each such peer may take that much memory',
    source: 'internet',
    matters: 'a few connections can take all memory; the ws package allows 100 MiB a message by default',
    remedy: 'set the limit of the library to 128 KiB: maxPayload in ws, max_size in websockets',
    isBeside: true,
    run: oversized,
  },
];
