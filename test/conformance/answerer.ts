/** A voice agent on this library, without a model: `node answerer.ts`. Answers for six seconds when it was spoken to, and can be interrupted. */

import { PlaybackWriter, playbackTrackId, RingReader, startGateway, VoiceActivity } from '../../src/index.ts';
import { synthesizeVoice } from '../../src/simulator/voice.ts';

const sampleRate = 16_000;
const answer = synthesizeVoice(5, 9, sampleRate, 6 * sampleRate);
const gateway = await startGateway({ port: 0, adminPort: 0, logLevel: 'error', maxUpgradesPerAddress: 20_000 });
const handles = new Map();
gateway.on('stream', (stream) => handles.set(stream.id, stream.playback()));
gateway.on('participant', async (participant) => {
  if (participant.participantId === playbackTrackId) return;
  const playback = new PlaybackWriter(handles.get(participant.streamId));
  const activity = new VoiceActivity(sampleRate);
  for await (const frame of new RingReader(participant.ring())) {
    const wasActive = activity.isActive;
    activity.push(frame.samples, 0, frame.sampleCount);
    if (activity.isActive && !wasActive) playback.clear();
    if (wasActive && !activity.isActive) {
      const utterance = playback.begin({ sampleRate });
      utterance.write(answer);
      utterance.end();
    }
  }
});
console.log(gateway.port);
