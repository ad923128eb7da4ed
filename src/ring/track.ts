/** The application's own names for a call, from the query and the path of its address. */
export type Labels = Readonly<Record<string, string>>;

/** Whose audio is in a ring: one participant of one stream, in one format. A plain object: it crosses threads. */
export interface Track {
  /** Our own id of the stream; unique. */
  readonly streamId: string;
  /** What ACS said in `x-ms-call-connection-id`; correlates, proves nothing. */
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  /** With --label-query and --label-path; left out without. */
  readonly labels?: Labels;
  /** null when the audio is mixed. */
  readonly participantId: string | null;
  /** Hz: 16000 or 24000. */
  readonly sampleRate: number;
}

/** The labels as they are passed on: not at all where there are none. */
export function labelled({ labels }: { readonly labels?: Labels }): { readonly labels?: Labels } {
  return labels === undefined ? {} : { labels };
}
