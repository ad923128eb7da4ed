/** A call hears what it says, a second later, or after the third argument in ms. Ends with Ctrl-C. */
import { PlaybackWriter, playbackTrackId, RingReader, startGateway } from '../../src/index.ts';

const [port = 8080, adminPort = 9464, delayMs = 1000] = process.argv.slice(2).map(Number);
const gateway = await startGateway({ port, adminPort, logLevel: 'warn', drainTimeoutMs: 1000 });
const handles = new Map();
gateway.on('stream', (stream) => handles.set(stream.id, stream.playback()));
gateway.on('participant', async (participant) => {
  // What is sent is a track too: it must not be said again.
  if (participant.participantId === playbackTrackId) return;
  const utterance = new PlaybackWriter(handles.get(participant.streamId)).begin({ isLive: true });
  utterance.write(new Int16Array((participant.sampleRate * delayMs) / 1000));
  for await (const frame of new RingReader(participant.ring())) {
    utterance.write(frame.samples.subarray(0, frame.sampleCount));
  }
  utterance.end();
});
console.log(`ws://127.0.0.1:${gateway.port}/audio`);
process.once('SIGINT', () => gateway.stop());
