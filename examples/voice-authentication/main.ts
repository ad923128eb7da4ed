/**
 * Voice authentication, the plumbing of it: a gateway, and a worker that gathers some seconds of clean speech of each
 * participant and makes a voiceprint. First enrol, then compare. Ends with Ctrl-C.
 *
 *   node examples/voice-authentication/main.ts --voices voices.json --enrol
 *   node examples/voice-authentication/main.ts --voices voices.json
 *
 * This is a demonstration, not a protection: what it compares is far too simple to tell two people apart reliably, and does
 * not notice a recording. Voiceprints are biometric data: ask a lawyer before you keep one.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { startGateway } from '../../src/index.ts';
import { shortId } from '../audio/short-id.ts';
import type { FromVoiceWorker } from './voice.worker.ts';
import { Voices } from './voices.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    'admin-port': { type: 'string', default: '9464' },
    voices: { type: 'string', default: 'voices.json' },
    enrol: { type: 'boolean', default: false },
    /** Seconds of speech that are enough. */
    seconds: { type: 'string', default: '3' },
  },
});

const voices = Voices.open(values.voices);
const lost = { frames: 0, framesLapped: 0 };

function judge(name: string, voiceprint: readonly number[]): string {
  if (values.enrol) {
    voices.enrol(name, voiceprint);
    return 'enrolled';
  }
  const verdicts = { true: 'the same voice', false: 'ANOTHER VOICE', null: 'not enrolled' };
  const verdict = verdicts[`${voices.isSame(name, voiceprint)}`];
  const closest = voices.compare(voiceprint).slice(0, 3);
  if (closest.length === 0) return `${verdict}, like everybody: start with --enrol`;
  return `${verdict}; closest: ${closest.map((one) => `${shortId(one.name)} ${one.score.toFixed(3)}`).join(', ')}`;
}

const gateway = await startGateway({
  port: Number(values.port),
  adminPort: Number(values['admin-port']),
  logLevel: 'warn',
  readers: ['voices'],
  // For a demonstration: who presses Ctrl-C does not want to wait for calls to end.
  drainTimeoutMs: 1000,
});

const worker = new Worker(new URL('./voice.worker.ts', import.meta.url), {
  workerData: Number(values.seconds) * 1000,
});
worker.on('message', (message: FromVoiceWorker) => {
  const name = message.track.participantId ?? 'mixed';
  const seconds = (message.speechMs / 1000).toFixed(1);
  if (message.type === 'voiceprint') {
    console.log(`${shortId(name)}: ${seconds} s of speech, ${judge(name, message.voiceprint)}`);
    return;
  }
  lost.frames += message.framesRead;
  lost.framesLapped += message.framesLapped;
  if (Number(seconds) < Number(values.seconds))
    console.log(`${shortId(name)}: ended after ${seconds} s of speech: too little`);
});
gateway.on('participant', (participant) => worker.postMessage(participant.ring()));
console.log(`ws://127.0.0.1:${gateway.port}/audio, ${voices.size} voices known`);

process.once('SIGINT', async () => {
  await gateway.stop();
  worker.postMessage('stop');
  await once(worker, 'exit');
  console.log(`${lost.frames} frames heard, ${lost.framesLapped} lost; ${voices.size} voices known`);
});
