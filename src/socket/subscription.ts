/**
 * Which subscription a new socket belongs to, read from its metadata before they go to a lane: the one thing that the main
 * thread must know of a message, because it decides which stream the socket continues. Main thread.
 */

import { metadataBytesMax, subscriptionIdBytesMax } from '../base/limits.ts';
import { Message, messageKind } from '../protocol/message.ts';
import { createParsers } from '../protocol/parsers.ts';

const kind = Buffer.from('AudioMetadata');
const parser = createParsers('json').general;
const message = new Message();

function asText(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Whether it is worth parsing. */
export function mayBeMetadata(bytes: Uint8Array): boolean {
  return bytes.length <= metadataBytesMax && asText(bytes).includes(kind);
}

/** Null when it is no metadata, or names no subscription, or one that is too long to be kept. */
export function subscriptionOf(bytes: Uint8Array): string | null {
  const text = asText(bytes);
  parser.parse(text, 0, text.length, message);
  const { subscriptionId } = message;
  if (message.kind !== messageKind.metadata || subscriptionId === '') return null;
  return Buffer.byteLength(subscriptionId) <= subscriptionIdBytesMax ? subscriptionId : null;
}
