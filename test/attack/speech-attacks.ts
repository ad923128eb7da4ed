/** What a peer that is spoken to can do that it should not: the attacker's side. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { frame, opcode } from '../fuzz/frame.ts';
import { metadata } from '../support/acs-client.ts';
import { again, type Fate, openStream, pour } from './peer.ts';

interface Target {
  readonly port: number;
  readonly untilMs: number;
}

const listenersMax = 100;

/** A stream that says what it is, so that it is spoken to; null when it is refused. */
async function listener(port: number, fate: Fate, n: number) {
  const socket = await openStream(port, fate);
  socket?.write(frame({ payload: metadata(`listener ${n}`) }));
  return socket;
}

function flood(what: Buffer): (target: Target, fate: Fate) => Promise<void> {
  const bytes = Buffer.concat(Array.from({ length: 2_000 }, () => what));
  return ({ port, untilMs }, fate) =>
    again(1, untilMs, async () => {
      const socket = await listener(port, fate, 0);
      if (socket === null) return;
      await pour(socket, bytes, untilMs);
      socket.destroy();
    });
}

const mark = JSON.stringify({ kind: 'MarkData', markData: { id: 'greeting', status: 'Completed' } });
const tone = JSON.stringify({ kind: 'DtmfData', dtmfData: { data: '5' } });

/** As `Attack` has them. */
export const speechAttacks = [
  {
    name: 'nobody, beside calls that are spoken to',
    act: ({ untilMs }: Target) => sleep(Math.max(0, untilMs - performance.now())),
  },
  {
    name: `${listenersMax} streams that are spoken to, answer a ping, and never read again`,
    act: async ({ port, untilMs }: Target, fate: Fate) => {
      const sockets = await Promise.all(Array.from({ length: listenersMax }, (_, n) => listener(port, fate, n)));
      for (const socket of sockets) socket?.write(frame({ opcode: opcode.pong }));
      await sleep(500);
      for (const socket of sockets) {
        socket?.write(frame({ opcode: opcode.pong }));
        socket?.pause();
      }
      await sleep(Math.max(0, untilMs - performance.now()));
      for (const socket of sockets) socket?.destroy();
    },
  },
  {
    name: 'pongs that answer nothing, as many as go, of one that is spoken to',
    act: flood(frame({ opcode: opcode.pong })),
  },
  {
    name: 'marks and tones that nobody waits for, as many as go, of one that is spoken to',
    act: flood(Buffer.concat([frame({ payload: mark }), frame({ payload: tone })])),
  },
  {
    name: 'hanging up as soon as something is heard, again and again',
    act: ({ port, untilMs }: Target, fate: Fate) =>
      again(8, untilMs, async () => {
        const socket = await listener(port, fate, 1);
        if (socket === null) return;
        // Whatever comes first: a ping, or audio.
        await Promise.race([once(socket, 'data'), once(socket, 'close'), sleep(500)]);
        socket.destroy();
      }),
  },
].map((attack) => ({ ...attack, isSpokenTo: true, isAlone: true }));
