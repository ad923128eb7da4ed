/**
 * Says whether the file of a call is what its participants sent: an independent reading of WAV, of timestamps and of what "aligned"
 * means. Shares no code with what writes it.
 */
import { readFileSync } from 'node:fs';

/** A frame as it was sent: when, in ms since some moment, and what. */
export interface SentFrame {
  readonly participant: string;
  readonly atMs: number;
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

interface Audio {
  readonly channels: number;
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

/** Reads RIFF chunk by chunk. */
function parse(path: string): Audio {
  const file = readFileSync(path);
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.readUInt32LE(4) !== file.length - 8) throw new Error('no RIFF');
  let at = 12;
  let [channels, sampleRate] = [0, 0];
  for (;;) {
    const name = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    at += 8;
    if (name === 'fmt ') [channels, sampleRate] = [file.readUInt16LE(at + 2), file.readUInt32LE(at + 4)];
    if (name === 'data') {
      if (at + length !== file.length) throw new Error(`${length} bytes of audio announced, ${file.length - at} there`);
      return { channels, sampleRate, samples: new Int16Array(new Uint8Array(file.subarray(at)).buffer) };
    }
    at += length;
  }
}

const clip = (value: number) => Math.min(32_767, Math.max(-32_768, value));

/**
 * What is wrong with the file; empty if every frame of every participant is at its place to the sample, and nothing else anywhere.
 * @param channelsOf the participants of each channel, as the call's JSON names them
 */
export function faultsOf(
  path: string,
  channelsOf: readonly (readonly string[])[],
  sent: readonly SentFrame[],
): string[] {
  const { channels, sampleRate, samples } = parse(path);
  const faults: string[] = [];
  const startMs = Math.min(...sent.map(({ atMs }) => atMs));
  const highest = Math.max(...sent.map((frame) => frame.sampleRate));
  if (sampleRate !== highest) faults.push(`${sampleRate} Hz, ${highest} sent`);
  if (channels !== channelsOf.length) faults.push(`${channels} channels, ${channelsOf.length} named`);
  const length = samples.length / channels;
  const endMs = Math.max(...sent.map(({ atMs }) => atMs)) + 20;
  if (length !== ((endMs - startMs) * sampleRate) / 1000)
    faults.push(`${length} samples of a call of ${endMs - startMs} ms`);

  // What each place should hold: NaN where a sample between two of another rate may be anything.
  const expected = Array.from({ length: channels }, () => new Float64Array(length));
  for (const { participant, atMs, sampleRate: rate, samples: pcm } of sent) {
    const channel = channelsOf.findIndex((participants) => participants.includes(participant));
    if (channel < 0) return [`${participant} has no channel`];
    const from = ((atMs - startMs) * sampleRate) / 1000;
    if (!Number.isInteger(from)) throw new Error('the test must send at whole samples');
    const want = expected[channel]!;
    if (rate === sampleRate) for (let i = 0; i < pcm.length; i++) want[from + i]! += pcm[i]!;
    else {
      // Three samples for two: the first of them is the first of these.
      for (let i = -20; i < (pcm.length * 3) / 2 + 20; i++)
        if (from + i >= 0 && from + i < length) want[from + i]! += Number.NaN;
    }
  }
  for (const { participant, atMs, sampleRate: rate, samples: pcm } of sent) {
    if (rate === sampleRate) continue;
    const channel = channelsOf.findIndex((participants) => participants.includes(participant));
    const from = ((atMs - startMs) * sampleRate) / 1000;
    for (let i = 0; i < pcm.length; i += 2) expected[channel]![from + (i * 3) / 2] = pcm[i]!;
  }
  for (const [channel, want] of expected.entries()) {
    for (let i = 0; i < length; i++) {
      if (Number.isNaN(want[i]!) || samples[i * channels + channel] === clip(want[i]!)) continue;
      faults.push(
        `channel ${channel + 1}, sample ${i}: ${samples[i * channels + channel]} instead of ${clip(want[i]!)}`,
      );
      if (faults.length > 10) return faults;
    }
  }
  return faults;
}
