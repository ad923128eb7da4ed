/** Whose audio is in a ring: one participant of one stream, in one format. A plain object: it crosses threads. */
export interface Track {
  /** The gateway's own id of the stream: a UUID, unique. */
  readonly streamId: string;
  /** The header `x-ms-call-connection-id`, up to 256 characters; null if absent. It correlates, it proves nothing. */
  readonly callConnectionId: string | null;
  /** The header `x-ms-call-correlation-id`, up to 256 characters; null if absent. */
  readonly correlationId: string | null;
  /** ACS's id of the participant, up to 256 bytes; null when the audio is mixed. Personal data. */
  readonly participantId: string | null;
  /** Hz: 16000 or 24000. */
  readonly sampleRate: number;
}
