/** One who may come in and takes all the memory for participants: the attacker's side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { frame, opcode } from '../fuzz/frame.ts';
import { upgradeRequest } from '../fuzz/raw-peer.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { dial, type Fate, openStream } from './peer.ts';

const participants = 16;
/** They are talking: what is silent is ended one day. */
const speakEveryMs = 200;
const backMsMax = 12_000;

function everybody(n: number): Buffer {
  const all = Array.from({ length: participants }, (_, one) => audio(n, undefined, `4:+4930${one}`));
  return Buffer.concat(all.map((payload) => frame({ payload })));
}

/** The status that an honest newcomer is answered. */
async function newcomer(port: number, fate: Fate): Promise<string> {
  const socket = await dial(port, { ...fate, notes: {} }, '127.0.0.1');
  if (socket === null) return 'none';
  socket.write(upgradeRequest());
  const head = await new Promise<string>((resolve) => {
    socket.once('data', (data) => resolve(data.toString('latin1')));
    socket.once('close', () => resolve('cut off '));
  });
  socket.end(frame({ opcode: opcode.close, payload: Buffer.from([3, 232]) }));
  return head.split(' ')[1]!;
}

export const ringAttack = {
  name: `streams of ${participants} participants each, as many as are let in: all memory for participants`,
  // Some 40 such streams; by default 600.
  flags: ['--ring-memory-mb', '64'],
  isAlone: true,
  act: async ({ port, untilMs }: { readonly port: number; readonly untilMs: number }, fate: Fate) => {
    const beganMs = performance.now();
    const sockets = [];
    for (;;) {
      const socket = await openStream(port, fate);
      if (socket === null) break;
      socket.write(Buffer.concat([frame({ payload: metadata(`crowd ${sockets.length}`) }), everybody(0)]));
      sockets.push(socket);
    }
    fate.notes['all taken after, ms'] = Math.round(performance.now() - beganMs);
    for (let n = 1; performance.now() < untilMs; n++) {
      await sleep(speakEveryMs);
      for (const socket of sockets) socket.write(everybody(n));
      if (n === 3) fate.notes['a newcomer meanwhile'] = await newcomer(port, fate);
    }
    for (const socket of sockets) socket.destroy();
    const goneMs = performance.now();
    const isLate = () => performance.now() - goneMs > backMsMax;
    while (!isLate() && (await newcomer(port, fate)) !== '101') await sleep(speakEveryMs);
    fate.notes['newcomers again after, ms'] = isLate()
      ? `more than ${backMsMax}`
      : Math.round(performance.now() - goneMs);
  },
};
