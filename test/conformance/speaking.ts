/**
 * Servers that speak, each a process of its own: `node speaking.ts MANNER`. Says its port on standard output. All of them answer for
 * six seconds when the caller has spoken and fallen silent, and stop when the caller speaks again; they differ in how.
 *
 * - `good`: as docs/playback.md says.
 * - `sample`: the approach of Microsoft's samples: 24 kHz as the model gives it, at four times the pace of speech, into one global
 *   socket; StopAudio when speech starts, and what is still on its way from the model is sent behind it.
 * - `relative-timers`: a timer set anew for each frame, nothing ahead, whether the peer reads or not.
 * - `all-at-once`: a whole answer in one go, which is then taken for said: StopAudio only while one is being sent.
 * - `no-second-chance`: a call that ends without a close frame ends the process; audio is of 16 kHz, always.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { frameBytes } from '../../src/base/limits.ts';
import { isAudible } from '../../src/simulator/loudness.ts';
import { synthesizeVoice } from '../../src/simulator/voice.ts';

interface Call {
  socket: WebSocket;
  readonly sampleRate: number;
  /** Frames above and below the noise, in a row. */
  loud: number;
  quiet: number;
  isSpoken: boolean;
  /** Ends what is being said. */
  silence: (() => void) | null;
  /** When all that was sent will have been heard. */
  emptyAt: number;
  pongAt: number;
}

interface Manner {
  speak(call: Call): void;
  stop(call: Call): void;
}

const answerMs = 6000;
const stopAudio = '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}';
const calls = new Map<string, Call>();
/** The only one that some know. */
let global: WebSocket | null = null;

function text(pcm: Buffer): string {
  return JSON.stringify({ Kind: 'AudioData', AudioData: { Data: pcm.toString('base64') }, StopAudio: null });
}

function answer(sampleRate: number): Buffer {
  const samples = synthesizeVoice(5, 9, sampleRate, (answerMs * sampleRate) / 1000);
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

function pieces(pcm: Buffer, bytes: number): string[] {
  return Array.from({ length: Math.ceil(pcm.length / bytes) }, (_, i) =>
    text(pcm.subarray(i * bytes, (i + 1) * bytes)),
  );
}

const answers = new Map<number, Buffer>();
function answerOf(sampleRate: number): Buffer {
  const pcm = answers.get(sampleRate) ?? answer(sampleRate);
  answers.set(sampleRate, pcm);
  return pcm;
}

function stopped(call: Call): void {
  call.silence?.();
  call.silence = null;
}

const good: Manner = {
  speak(call) {
    stopped(call);
    const frames = pieces(answerOf(call.sampleRate), frameBytes(call.sampleRate));
    let next = 0;
    let pingedAt = 0;
    call.pongAt = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const { socket } = call;
      if (socket.readyState !== WebSocket.OPEN) return;
      if (now - pingedAt > 250) {
        pingedAt = now;
        socket.ping();
      }
      while (
        next < frames.length &&
        socket.bufferedAmount === 0 &&
        now - call.pongAt < 800 &&
        call.emptyAt < now + 200
      ) {
        socket.send(frames[next++]!);
        call.emptyAt = Math.max(now, call.emptyAt) + 20;
      }
      if (next === frames.length) stopped(call);
    }, 20);
    call.silence = () => clearInterval(timer);
  },
  stop(call) {
    // What is held back for a peer that does not read may be in the middle of a word over there.
    const isHeard = call.silence !== null || call.emptyAt > performance.now();
    stopped(call);
    if (isHeard) call.socket.send(stopAudio);
    call.emptyAt = 0;
  },
};

const sample: Manner = {
  speak(call) {
    stopped(call);
    const deltas = pieces(answerOf(24_000), 9600);
    let next = 0;
    const timer = setInterval(() => {
      if (global?.readyState === WebSocket.OPEN && next < deltas.length) global.send(deltas[next++]!);
    }, 50);
    call.silence = () => setTimeout(() => clearInterval(timer), 200);
  },
  stop(call) {
    if (global?.readyState === WebSocket.OPEN) global.send(stopAudio);
    stopped(call);
  },
};

const relativeTimers: Manner = {
  speak(call) {
    stopped(call);
    let isOver = false;
    const send = (frames: string[]) => {
      if (isOver || frames.length === 0) return;
      call.socket.send(frames[0]!);
      setTimeout(send, 22, frames.slice(1));
    };
    send(pieces(answerOf(call.sampleRate), frameBytes(call.sampleRate)));
    call.silence = () => {
      isOver = true;
    };
  },
  stop(call) {
    stopped(call);
    call.socket.send(stopAudio);
  },
};

const allAtOnce: Manner = {
  speak(call) {
    for (const each of pieces(answerOf(call.sampleRate), frameBytes(call.sampleRate))) call.socket.send(each);
  },
  stop(call) {
    if (call.silence !== null) call.socket.send(stopAudio);
  },
};

const noSecondChance: Manner = {
  speak: (call) => good.speak(call),
  stop: (call) => good.stop(call),
};

const manners: Readonly<Record<string, Manner>> = {
  good,
  sample,
  'relative-timers': relativeTimers,
  'all-at-once': allAtOnce,
  'no-second-chance': noSecondChance,
};
const [name = 'good'] = process.argv.slice(2);
const manner = manners[name]!;

function listen(call: Call, pcm: Buffer): void {
  if (isAudible(pcm, pcm.length)) {
    call.loud++;
    call.quiet = 0;
    if (call.loud === 3) {
      manner.stop(call);
      call.isSpoken = true;
    }
    return;
  }
  call.quiet++;
  // Words have pauses.
  if (call.quiet < 15) return;
  call.loud = 0;
  if (call.quiet === 15 && call.isSpoken) {
    call.isSpoken = false;
    manner.speak(call);
  }
}

const server = createServer();
new WebSocketServer({ server }).on('connection', (socket) => {
  let id: string | null = null;
  global = socket;
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as {
      audioMetadata?: { subscriptionId: string; sampleRate: number };
      audioData?: { data: string };
    };
    if (message.audioMetadata !== undefined) {
      const { subscriptionId, sampleRate } = message.audioMetadata;
      const known = calls.get(subscriptionId);
      id = subscriptionId;
      if (known === undefined) {
        const fresh = { loud: 0, quiet: 0, isSpoken: false, silence: null, emptyAt: 0, pongAt: 0 };
        calls.set(id, { socket, sampleRate: name === 'no-second-chance' ? 16_000 : sampleRate, ...fresh });
      } else {
        known.socket = socket;
        known.emptyAt = 0;
        known.pongAt = performance.now();
      }
    }
    const call = id === null ? undefined : calls.get(id);
    if (call !== undefined && message.audioData !== undefined)
      listen(call, Buffer.from(message.audioData.data, 'base64'));
  });
  socket.on('pong', () => {
    const call = id === null ? undefined : calls.get(id);
    if (call !== undefined) call.pongAt = performance.now();
  });
  socket.on('close', (code) => {
    const call = id === null ? undefined : calls.get(id);
    if (call === undefined || call.socket !== socket) return;
    if (name === 'no-second-chance' && code === 1006) throw new Error('the call is gone');
    // The call may come back, and continues then.
    setTimeout(() => {
      if (call.socket === socket) stopped(call);
    }, 2000);
  });
});
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
