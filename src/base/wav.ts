/**
 * WAV files: the header that every recording of this project starts with, and a reader for files that users bring. Pure; any thread. Invariant: `decodeWav(encodeWavHeader(...) + pcm)` gives the PCM back.
 */
import { GatewayError } from './errors.ts';

/** RIFF, a place for the 64-bit sizes, format, data. */
export const wavHeaderBytes = 80;

const bitsPerSample = 16;
const formatPcm = 1;
const formatExtensible = 0xfffe;
/** The sub-format GUID of PCM after its first two bytes (RFC 2361 and Microsoft's ksmedia.h). */
const pcmSubFormatTail = '0000000010008000' + '00aa00389b71';
/** The body of a `ds64` chunk without a table: three 64-bit sizes and a count (EBU Tech 3306). */
const ds64Bytes = 28;
const unknownSize = 0xffff_ffff;

/**
 * The 80 bytes before 16-bit PCM. `dataBytes` may be corrected later by writing the header again: up to 4 GiB it is a WAV file
 * in which a `JUNK` chunk keeps the place, beyond that RF64, whose `ds64` chunk stands there.
 */
export function encodeWavHeader(sampleRate: number, dataBytes: number, channels = 1): Uint8Array {
  const header = new Uint8Array(wavHeaderBytes);
  const view = new DataView(header.buffer);
  const fourCc = (at: number, text: string) => {
    for (let i = 0; i < 4; i++) header[at + i] = text.charCodeAt(i);
  };
  const blockAlign = (channels * bitsPerSample) / 8;
  const riffBytes = dataBytes + wavHeaderBytes - 8;
  const isLong = riffBytes >= unknownSize;
  fourCc(0, isLong ? 'RF64' : 'RIFF');
  view.setUint32(4, isLong ? unknownSize : riffBytes, true);
  fourCc(8, 'WAVE');
  fourCc(12, isLong ? 'ds64' : 'JUNK');
  view.setUint32(16, ds64Bytes, true);
  if (isLong) {
    view.setBigUint64(20, BigInt(riffBytes), true);
    view.setBigUint64(28, BigInt(dataBytes), true);
    view.setBigUint64(36, BigInt(dataBytes / blockAlign), true);
  }
  fourCc(48, 'fmt ');
  view.setUint32(52, 16, true);
  view.setUint16(56, formatPcm, true);
  view.setUint16(58, channels, true);
  view.setUint32(60, sampleRate, true);
  view.setUint32(64, sampleRate * blockAlign, true);
  view.setUint16(68, blockAlign, true);
  view.setUint16(70, bitsPerSample, true);
  fourCc(72, 'data');
  view.setUint32(76, isLong ? unknownSize : dataBytes, true);
  return header;
}

export interface WavAudio {
  readonly sampleRate: number;
  readonly channels: number;
  /** Interleaved when there is more than one channel. */
  readonly samples: Int16Array;
}

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

function bad(message: string): GatewayError {
  return new GatewayError('bad_audio', message);
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function readFormat(view: DataView, at: number, length: number): Format {
  if (length < 16) throw bad(`its format chunk has ${length} bytes, at least 16 are needed`);
  let tag = view.getUint16(at, true);
  if (tag === formatExtensible) {
    if (length < 40) throw bad(`its extensible format chunk has ${length} bytes, 40 are needed`);
    let tail = '';
    for (let i = 26; i < 40; i++)
      tail += view
        .getUint8(at + i)
        .toString(16)
        .padStart(2, '0');
    tag = tail === pcmSubFormatTail ? view.getUint16(at + 24, true) : tag;
  }
  return {
    tag,
    channels: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

/** What a format is called where users meet it, for messages. */
function formatName(format: Format): string {
  const names: Readonly<Record<number, string>> = { 1: 'PCM', 2: 'MS ADPCM', 3: 'float', 6: 'A-law', 7: 'mu-law' };
  return `${format.bits}-bit ${names[format.tag] ?? `format 0x${format.tag.toString(16)}`}`;
}

/**
 * Reads a RIFF or RF64 WAVE file of 16-bit PCM. Unknown chunks are skipped; a data chunk longer than the file (a recorder that
 * crashed, a pipe) ends with the file. Throws `bad_audio`, whose message continues "the file ...": what is wrong with it.
 */
export function decodeWav(bytes: Uint8Array): WavAudio {
  const isRiff = bytes.length >= 12 && ['RIFF', 'RF64'].includes(text(bytes, 0));
  if (!isRiff || text(bytes, 8) !== 'WAVE') throw bad('it is not a WAV file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = text(bytes, at);
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name === 'fmt ') {
      if (body + length > bytes.length) throw bad('it ends inside its format chunk');
      format = readFormat(view, body, length);
    } else if (name === 'data') {
      if (format === null) throw bad('its audio comes before its format chunk');
      return readSamples(view, body, Math.min(length, bytes.length - body), format);
    }
    // Chunks start at even offsets.
    at = body + length + (length & 1);
  }
  throw bad(format === null ? 'it has no format chunk' : 'it has no data chunk');
}

function readSamples(view: DataView, at: number, length: number, format: Format): WavAudio {
  const { channels, sampleRate } = format;
  if (format.tag !== formatPcm || format.bits !== bitsPerSample) {
    throw bad(`it holds ${formatName(format)}, not 16-bit PCM`);
  }
  if (channels === 0 || sampleRate === 0) throw bad(`it has ${channels} channels at ${sampleRate} Hz`);
  const count = Math.floor(length / 2 / channels) * channels;
  const samples = new Int16Array(count);
  for (let i = 0; i < count; i++) samples[i] = view.getInt16(at + i * 2, true);
  return { sampleRate, channels, samples };
}

/** One channel: the mean of all, rounded. */
export function downMix(audio: WavAudio): Int16Array {
  if (audio.channels === 1) return audio.samples;
  const mono = new Int16Array(audio.samples.length / audio.channels);
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let c = 0; c < audio.channels; c++) sum += audio.samples[i * audio.channels + c]!;
    mono[i] = Math.round(sum / audio.channels);
  }
  return mono;
}
