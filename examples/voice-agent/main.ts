/**
 * Voice agents: each call talks to a realtime speech model, and may interrupt it. A gateway, and a worker in which all agents live.
 * Prints what happens. Ends with Ctrl-C.
 *
 *   REALTIME_URL='wss://…' REALTIME_KEY='…' node examples/voice-agent/main.ts --record ./recordings
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { playbackTrackId, startGateway } from '../../src/index.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { readSettings } from './settings.ts';
import { lineOf } from './transcript.ts';

const settings = readSettings(process.argv.slice(2));
const worker = new Worker(new URL('./agent.worker.ts', import.meta.url), { workerData: settings.agent });
// Before the first call comes.
await once(worker, 'message');
const gateway = await startGateway({
  port: settings.port,
  adminPort: settings.adminPort,
  logLevel: 'warn',
  readers: ['agents'],
  ...(settings.record !== null && { sink: `wav:${settings.record}?call=stereo` }),
  // For a demonstration: who presses Ctrl-C does not want to wait for calls to end.
  drainTimeoutMs: 1000,
});

const send = (message: ToWorker) => worker.postMessage(message);
worker.on('message', (message: FromWorker) => {
  console.log(settings.json ? JSON.stringify(message) : lineOf(message));
});

// From now on it is known at which rate the call speaks.
gateway.on('format', ({ streamId }) => send({ type: 'call', playback: gateway.streams.get(streamId)!.playback() }));
gateway.on('participant', (participant) => {
  // What the agent says is a track too.
  if (participant.participantId !== playbackTrackId) send({ type: 'participant', ring: participant.ring() });
});
gateway.on('streamEnded', ({ id }) => send({ type: 'hungUp', streamId: id }));
console.log(`ws://127.0.0.1:${gateway.port}/audio`);

process.once('SIGINT', async () => {
  await gateway.stop();
  send({ type: 'stop' });
  await once(worker, 'exit');
});
