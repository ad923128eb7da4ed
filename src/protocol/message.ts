/**
 * What a message of ACS says, however it was parsed. One instance per parser, reused for every message: nothing is
 * allocated per frame. Source: acs audio streaming, "AudioMetadata", "AudioData", "DtmfData".
 */
export const messageKind = {
  /** Not a JSON object, no `kind`, or the payload object that its kind announces is missing. */
  malformed: 0,
  audio: 1,
  metadata: 2,
  dtmf: 3,
  /** A kind that is none of ours: ignored and counted. */
  unknown: 4,
} as const;
export type MessageKind = (typeof messageKind)[keyof typeof messageKind];

const noBytes = new Uint8Array(0);

export class Message {
  kind: MessageKind = messageKind.malformed;

  // AudioData
  /** Base64, not yet validated; empty when absent or null. */
  data = '';
  /** False when `data` is there but is no string of Latin-1. */
  dataIsText = true;
  silent = false;
  /** ms since the epoch, UTC; NaN when absent or not ISO 8601. */
  timestampMs = Number.NaN;
  /** The participant's id in UTF-8: `id[idStart..idEnd)`. Empty when absent, null or "": mixed audio. */
  id: Uint8Array = noBytes;
  idStart = 0;
  idEnd = 0;

  // AudioMetadata
  subscriptionId = '';
  encoding = '';
  sampleRate = 0;
  channels = 0;

  // MarkData, a kind that we do not know but for this.
  /** Empty when there is none, or it is longer than ours are. */
  markId = '';
  markStatus = '';

  // DtmfData
  /** The key that was pressed; empty when absent or longer than a tone can be. */
  tone = '';

  /** Back to what an audio message without any field says. */
  clear(): void {
    this.kind = messageKind.malformed;
    this.data = '';
    this.dataIsText = true;
    this.silent = false;
    this.timestampMs = Number.NaN;
    this.id = noBytes;
    this.idStart = 0;
    this.idEnd = 0;
    this.tone = '';
    this.markId = '';
    this.markStatus = '';
  }
}

/** Turns the bytes of one text message into a `Message`. Never throws, keeps no reference to the bytes beyond `id`. */
export interface MessageParser {
  /**
   * Fills `message` from `bytes[start..end)`.
   * Returns false if it declines: then the message is for the general parser.
   */
  parse(bytes: Buffer, start: number, end: number, message: Message): boolean;
}
