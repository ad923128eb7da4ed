/** What a voice agent sounds like from outside: waits until the caller has spoken, answers, and falls silent when the caller interrupts. */
import { PlaybackWriter, playbackTrackId, RingReader, type RunningGateway, VoiceActivity } from '../../src/index.ts';
import { synthesizeVoice } from '../../src/simulator/voice.ts';

const voices = 4;
const answerSeconds = 5;
const seed = 7;

/** Speaks into the calls whose label says so. */
export function answerCalls(gateway: RunningGateway, line: string): void {
  const answers = new Map<number, readonly Int16Array[]>();
  const answersAt = (rate: number): readonly Int16Array[] => {
    const made =
      answers.get(rate) ??
      Array.from({ length: voices }, (_, voice) => synthesizeVoice(seed, voice, rate, rate * answerSeconds));
    answers.set(rate, made);
    return made;
  };
  gateway.on('participant', async (participant) => {
    const stream = gateway.streams.get(participant.streamId);
    if (stream?.labels?.['line'] !== line || participant.participantId === playbackTrackId) return;
    const playback = new PlaybackWriter(stream.playback());
    const rate = participant.sampleRate;
    const activity = new VoiceActivity(rate);
    let wasSpeaking = false;
    let turn = 0;
    for await (const frame of new RingReader(participant.ring())) {
      activity.push(frame.samples, 0, frame.sampleCount);
      if (activity.isActive && !wasSpeaking) playback.clear();
      if (!activity.isActive && wasSpeaking) {
        const utterance = playback.begin({ sampleRate: rate });
        void say(utterance, answersAt(rate)[turn++ % voices]!);
      }
      wasSpeaking = activity.isActive;
    }
  });
}

async function say(utterance: ReturnType<PlaybackWriter['begin']>, samples: Int16Array): Promise<void> {
  for (let at = 0; at < samples.length && utterance.state === 'open'; ) {
    at += utterance.write(samples.subarray(at));
    if (at < samples.length) await utterance.writable();
  }
  utterance.end();
}
