/**
 * Messages that a server must survive, each with what the contract says it counts as. Pure; any thread. Invariant: each is
 * one that a strict receiver never takes for audio, whatever it has received before; its payload is loud, so that a
 * receiver that does take it spoils its recording audibly.
 */
import { audioMessage } from './message.ts';

export type MalformedOutcome = 'malformed_json' | 'malformed_audio' | 'ignored';

export interface MalformedContext {
  readonly participantId: string | null;
  readonly timestamp: string;
  readonly frameBytes: number;
}

export interface MalformedKind {
  readonly name: string;
  readonly outcome: MalformedOutcome;
  /** Sent as a binary WebSocket message. */
  readonly binary: boolean;
  build(context: MalformedContext): string;
}

function loudData(byteCount: number): string {
  return Buffer.alloc(byteCount, 0x55).toString('base64');
}

function audio(context: MalformedContext, data = loudData(context.frameBytes)): string {
  return audioMessage({ ...context, data, silent: false });
}

function text(name: string, outcome: MalformedOutcome, build: (context: MalformedContext) => string): MalformedKind {
  return { name, outcome, binary: false, build };
}

export const malformedKinds: readonly MalformedKind[] = [
  text('empty', 'malformed_json', () => ''),
  text('no_object', 'malformed_json', () => '[]'),
  text('cut_short', 'malformed_json', (context) => audio(context).slice(0, -1)),
  text('cut_in_data', 'malformed_json', (context) => audio(context).slice(0, 400)),
  text('trailing_text', 'malformed_json', (context) => `${audio(context)}x`),
  // The shape of an alpha version of 2022.
  text('no_kind', 'malformed_json', (context) =>
    JSON.stringify({ data: loudData(context.frameBytes), timestamp: context.timestamp, isSilence: false }),
  ),
  text('no_payload', 'malformed_json', () => '{"kind":"AudioData"}'),
  text('bad_alphabet', 'malformed_audio', (context) => audio(context, `*${loudData(context.frameBytes).slice(1)}`)),
  text('bad_length', 'malformed_audio', (context) => audio(context, loudData(context.frameBytes).slice(0, -1))),
  text('odd_bytes', 'malformed_audio', (context) => audio(context, loudData(context.frameBytes - 1))),
  text('no_data', 'malformed_audio', (context) => audio(context, '')),
  text('unknown_kind', 'ignored', () => '{"kind":"MarkData","markData":{"id":"mark-1","status":"Completed"}}'),
  text('other_stream', 'ignored', () =>
    JSON.stringify({
      kind: 'TranscriptionData',
      transcriptionData: { text: 'hello', format: 'display', confidence: 0.9, resultStatus: 'Final' },
    }),
  ),
  { name: 'binary', outcome: 'ignored', binary: true, build: (context) => audio(context) },
];
