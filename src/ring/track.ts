/** The application's own names for a call, from the query and the path of its address. */
export type Labels = Readonly<Record<string, string>>;

/** Whose audio is in a ring: one participant of one stream, in one format. A plain object: it crosses threads. */
export interface Track {
  /** The gateway's own id of the stream: a UUID, unique. */
  readonly streamId: string;
  /** The header `x-ms-call-connection-id`, up to 256 characters; null if absent. It correlates, it proves nothing. */
  readonly callConnectionId: string | null;
  /** The header `x-ms-call-correlation-id`, up to 256 characters; null if absent. */
  readonly correlationId: string | null;
  /** With --label-query and --label-path; left out without. */
  readonly labels?: Labels;
  /** ACS's id of the participant, up to 256 bytes; null when the audio is mixed. Personal data. */
  readonly participantId: string | null;
  /** Hz: 16000 or 24000. */
  readonly sampleRate: number;
}

/** The labels as they are passed on: not at all where there are none. */
export function labelled({ labels }: { readonly labels?: Labels }): { readonly labels?: Labels } {
  return labels === undefined ? {} : { labels };
}
