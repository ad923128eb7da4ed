/**
 * Whether ACS can be expected to accept what a server sends (bidirectional streaming). Main thread. The simulator parses it;
 * this file words what is wrong.
 */
import { type BrokenReason, OutboundReader } from '../simulator/outbound.ts';

/** The only problem that a caller certainly hears. */
export const brokenAudio = 'audio that is not base64 of 16-bit samples';

const problems: Readonly<Record<BrokenReason, string>> = {
  notJson: 'a text that is no JSON',
  noKind: 'a message without a kind',
  unknownKind: 'a message of a kind that is not documented',
  badBase64: brokenAudio,
  oddLength: brokenAudio,
};

const reader = new OutboundReader();

/** What is wrong with a message, or null. `text` is null for a binary one. */
export function outboundProblem(text: string | null): string | null {
  if (text === null) return 'a binary message';
  const read = reader.read(text);
  return read === 'audio' || read === 'stop' ? null : problems[read];
}
