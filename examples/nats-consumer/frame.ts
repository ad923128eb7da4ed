/** What a message of the gateway's NATS sink says, as docs/nats.md describes it: one frame, or several. */
import type { Msg } from '@nats-io/transport-node';

export interface Frame {
  /** Number of the frame in its track, from 0, without holes. */
  readonly sequence: number;
  /** Where it belongs on the participant's timeline, in samples since the first frame; may be negative for a late one. */
  readonly positionSamples: number;
  /** A frame with this timestamp came before: ACS has sent it twice. */
  readonly isDuplicate: boolean;
  /** 16-bit little-endian PCM, mono. */
  readonly pcm: Uint8Array;
}

/** Before the PCM of each frame in a message of several, little-endian. */
const record = { sequence: 0, pcmBytes: 4, positionSamples: 16, flags: 28, pcm: 32 } as const;
const duplicateFlag = 2;

/** The track that a message belongs to: one participant, in one format, of one connection of a call. */
export function trackOf(message: Msg): string {
  return message.headers?.get('Acs-Track') ?? '';
}

export function* framesOf({ headers, data }: Msg): Generator<Frame> {
  if (!headers?.has('Acs-Frames')) {
    yield {
      sequence: Number(headers?.get('Acs-Sequence')),
      positionSamples: Number(headers?.get('Acs-Position')),
      isDuplicate: headers?.get('Acs-Duplicate') === 'true',
      pcm: data,
    };
    return;
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < data.length; ) {
    const end = at + record.pcm + view.getUint32(at + record.pcmBytes, true);
    yield {
      sequence: view.getUint32(at + record.sequence, true),
      positionSamples: view.getFloat64(at + record.positionSamples, true),
      isDuplicate: (view.getUint32(at + record.flags, true) & duplicateFlag) !== 0,
      pcm: data.subarray(at + record.pcm, end),
    };
    at = end;
  }
}
