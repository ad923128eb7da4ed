import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { encodeWavHeader } from '../../src/base/wav.ts';
import { type AudioLoop, audioFileBytesMax, fileAudio, syntheticAudio } from '../../src/simulator/audio.ts';

function wav(sampleRate: number, sampleCount: number): Buffer {
  const pcm = Buffer.alloc(sampleCount * 2);
  for (let i = 0; i < sampleCount; i++) pcm.writeInt16LE((i % 60_000) - 30_000, i * 2);
  return Buffer.concat([encodeWavHeader(sampleRate, pcm.length), pcm]);
}

describe('syntheticAudio', () => {
  it('puts 6,000 participants at 6,000 different places', () => {
    const source = syntheticAudio(3, 16_000);
    const places = new Map<unknown, Set<number>>();
    for (let ordinal = 0; ordinal < 6000; ordinal++) {
      const { loop, offset } = source.place(ordinal);
      places.set(loop, (places.get(loop) ?? new Set()).add(offset));
    }
    expect([...places.values()].map((offsets) => offsets.size)).toEqual(new Array(12).fill(500));
  });

  it('gives neighbours different voices', () => {
    const source = syntheticAudio(3, 16_000);
    const loops = new Set(Array.from({ length: 12 }, (_, ordinal) => source.place(ordinal).loop));
    expect(loops.size).toBe(12);
  });

  it('says the same for the same seed and something else for another', () => {
    const frame = (seed: number) => {
      const { loop, offset } = syntheticAudio(seed, 16_000).place(0);
      return Buffer.from(loop.pcm(offset)).toString('base64');
    };
    const first = frame(3);
    expect(frame(4)).not.toBe(first);
    expect(frame(3)).toBe(first);
  });

  it('keeps the PCM and its base64 in step, around the end of the loop too', () => {
    const { loop } = syntheticAudio(3, 24_000).place(0);
    for (const at of [0, 499, 500, 501]) {
      expect(Buffer.from(loop.base64(at)).toString('latin1')).toBe(Buffer.from(loop.pcm(at)).toString('base64'));
    }
    expect(loop.pcm(500)).toEqual(loop.pcm(0));
  });
});

describe('fileAudio', () => {
  it('starts the first participant at the beginning of the file', () => {
    const { loop, offset } = fileAudio(wav(16_000, 3200), 'a.wav', 16_000).place(0);
    expect(Buffer.from(loop.pcm(offset)).readInt16LE(2)).toBe(-29_999);
  });

  it('starts every participant elsewhere, as long as the file has frames', () => {
    const source = fileAudio(wav(16_000, 3200), 'a.wav', 16_000);
    const offsets = new Set(Array.from({ length: 10 }, (_, ordinal) => source.place(ordinal).offset));
    expect(offsets.size).toBe(10);
  });

  it('fills up the last frame with silence', () => {
    const { loop } = fileAudio(wav(16_000, 330), 'a.wav', 16_000).place(0);
    expect((loop as AudioLoop).frameCount).toBe(2);
    const last = Buffer.from(loop.pcm(1));
    expect([last.readInt16LE(18), last.readInt16LE(20)]).toEqual([-30_000 + 329, 0]);
  });

  it.each([
    [
      'another rate',
      wav(8000, 800),
      /^a\.wav: it is at 8000 Hz, and the calls are at 16000 Hz; .*ffmpeg .* -ar 16000 /,
    ],
    ['no WAV file', Buffer.from('ID3 and so on, an mp3'), /^a\.wav: it is not a WAV file; convert it/],
    ['no audio', wav(16_000, 0), /^a\.wav: it holds no audio/],
    ['too much of it', Buffer.alloc(audioFileBytesMax + 1), /^a\.wav: it is of 257 MiB, and 256 may be played/],
  ])('says what a file is that has %s, and what to do', (_name, bytes, message) => {
    expect(() => fileAudio(bytes, 'a.wav', 16_000)).toThrow(GatewayError);
    expect(() => fileAudio(bytes, 'a.wav', 16_000)).toThrow(message);
  });
});
