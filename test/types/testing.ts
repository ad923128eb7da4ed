/** Misuse of `acs-audio-gateway/testing` that its types must catch. Compiled with the rest, never run: an error that goes away fails. */
import { checkServer, fileAudio, scenarios, startCalls } from '../../src/testing.ts';

const url = 'ws://127.0.0.1:1';

export async function calls(bytes: Uint8Array): Promise<void> {
  // @ts-expect-error somewhere to call
  startCalls({ calls: 3 });
  // @ts-expect-error milliseconds, not the text of the flag
  startCalls({ url, durationMs: '5s' });
  // @ts-expect-error 16000 or 24000
  startCalls({ url, sampleRate: 8000 });
  // @ts-expect-error audio, not a file
  startCalls({ url, audio: 'speech.wav' });
  await using running = startCalls({ url, audio: fileAudio(bytes, 'speech.wav', 16_000) });
  const { perCall, expected } = await running.ended;
  // @ts-expect-error null: the server said nothing
  perCall[0]!.heard.frames;
  expected.frames.toFixed();
}

export async function conformance(): Promise<void> {
  // @ts-expect-error scenarios, not their names
  await checkServer({ url, scenarios: ['clean-call'] });
  const { ok } = await checkServer({ url, scenarios, timing: { patienceMs: 1000 } });
  return void ok;
}
