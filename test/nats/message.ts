/**
 * What the messages of the sink `nats` mean, written from docs/nats.md alone: it shares nothing with what makes them, so that
 * a mistake there is not repeated here.
 */
import type { MsgHdrs } from '@nats-io/transport-node';

export interface HeardFrame {
  readonly sequence: number;
  /** As in the header, or made from the record; null if there is none. */
  readonly timestamp: string | null;
  readonly missingBefore: number;
  readonly position: number;
  readonly silent: boolean;
  readonly duplicate: boolean;
  readonly late: boolean;
  readonly resumed: boolean;
  readonly pcm: Uint8Array;
}

export interface HeardEvent {
  readonly type: 'started' | 'running' | 'ended';
  readonly time: string;
  readonly track: string;
  readonly subject: string;
  readonly streamId: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly participantId: string | null;
  readonly sampleRate: number;
  readonly framesPerMessage: number;
  readonly frames?: number;
  readonly lapped?: number;
  readonly lost?: number;
}

function need(headers: MsgHdrs | undefined, name: string): string {
  const value = headers?.get(name) ?? '';
  if (value === '') throw new Error(`no header ${name}`);
  return value;
}

function whole(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error(`${text} is no number`);
  return Number(text);
}

function flag(headers: MsgHdrs, name: string, isRequired = false): boolean {
  const value = isRequired ? need(headers, name) : headers.get(name);
  if (value !== 'true' && value !== 'false' && (isRequired || value !== '')) throw new Error(`${name}: ${value}`);
  return value === 'true';
}

function single(headers: MsgHdrs, pcm: Uint8Array): HeardFrame {
  return {
    sequence: whole(need(headers, 'Acs-Sequence')),
    timestamp: headers.get('Acs-Timestamp') || null,
    missingBefore: whole(need(headers, 'Acs-Missing-Before')),
    position: whole(need(headers, 'Acs-Position')),
    silent: flag(headers, 'Acs-Silent', true),
    duplicate: flag(headers, 'Acs-Duplicate'),
    late: flag(headers, 'Acs-Late'),
    resumed: flag(headers, 'Acs-Resumed'),
    pcm,
  };
}

function records(data: Uint8Array): HeardFrame[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const frames: HeardFrame[] = [];
  for (let at = 0; at < data.length; ) {
    const bytes = view.getUint32(at + 4, true);
    const ms = view.getFloat64(at + 8, true);
    const flags = view.getUint32(at + 28, true);
    frames.push({
      sequence: view.getUint32(at, true),
      timestamp: Number.isNaN(ms) ? null : new Date(ms).toISOString(),
      position: view.getFloat64(at + 16, true),
      missingBefore: view.getUint32(at + 24, true),
      silent: (flags & 1) !== 0,
      duplicate: (flags & 2) !== 0,
      late: (flags & 4) !== 0,
      resumed: (flags & 8) !== 0,
      pcm: data.subarray(at + 32, at + 32 + bytes),
    });
    at += 32 + bytes;
    if (at > data.length) throw new Error('a record is longer than its message');
  }
  return frames;
}

export interface HeardMessage {
  readonly subject: string;
  readonly headers?: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

export interface HeardAudio {
  readonly track: string;
  readonly sampleRate: number;
  readonly frames: readonly HeardFrame[];
}

/** Throws if a message is not as documented. */
export function audioOf({ headers, data }: HeardMessage): HeardAudio {
  const track = need(headers, 'Acs-Track');
  const sampleRate = whole(need(headers, 'Acs-Sample-Rate'));
  const count = headers!.get('Acs-Frames');
  if (count === '') return { track, sampleRate, frames: [single(headers!, data)] };
  const frames = records(data);
  if (frames.length !== whole(count) || frames[0]?.sequence !== whole(need(headers, 'Acs-Sequence')))
    throw new Error('the headers do not fit the records');
  return { track, sampleRate, frames };
}
