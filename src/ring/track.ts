/** Whose audio is in a ring: one participant of one stream, in one format. A plain object: it crosses threads. */
export interface Track {
  /** Our own id of the stream; unique. */
  readonly streamId: string;
  /** What ACS said in `x-ms-call-connection-id`; correlates, proves nothing. */
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  /** null when the audio is mixed. */
  readonly participantId: string | null;
  /** Hz: 16000 or 24000. */
  readonly sampleRate: number;
}
