import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { decodeWav, downMix, encodeWavHeader } from '../../src/base/wav.ts';

function chunk(name: string, body: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.write(name, 'latin1');
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)]);
}

function riff(...chunks: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return chunk('RIFF', body);
}

function format(options: { tag?: number; channels?: number; rate?: number; bits?: number; extra?: Buffer }): Buffer {
  const { tag = 1, channels = 1, rate = 16_000, bits = 16, extra = Buffer.alloc(0) } = options;
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt32LE((rate * channels * bits) / 8, 8);
  body.writeUInt16LE((channels * bits) / 8, 12);
  body.writeUInt16LE(bits, 14);
  return chunk('fmt ', Buffer.concat([body, extra]));
}

function samples(...values: number[]): Buffer {
  return chunk('data', Buffer.from(Int16Array.from(values).buffer));
}

function extension(guid: string): Buffer {
  const extra = Buffer.alloc(24);
  extra.writeUInt16LE(22, 0);
  extra.writeUInt16LE(16, 2);
  extra.write(guid, 8, 'hex');
  return extra;
}

function complaint(bytes: Uint8Array): string {
  try {
    decodeWav(bytes);
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'bad_audio') return error.message;
    throw error;
  }
  return 'none';
}

const reserved = '00'.repeat(28);
/** fmt, 16, PCM, mono, 24000, 48000, 2, 16 bits */
const monoFormat = '666d7420' + '10000000' + '0100' + '0100' + 'c05d0000' + '80bb0000' + '0200' + '1000';

describe('encodeWavHeader', () => {
  it('writes 80 bytes before 16-bit mono PCM, with a place for larger sizes', () => {
    const riff = '52494646' + 'c8020000' + '57415645'; // RIFF, 712, WAVE
    const expected = `${riff}4a554e4b1c000000${reserved}${monoFormat}6461746180020000`; // JUNK, 28; data, 640
    expect(Buffer.from(encodeWavHeader(24_000, 640)).toString('hex')).toBe(expected);
  });

  it('is RF64 as soon as 32 bits are not enough: the same chunks at the same places', () => {
    const largest = Buffer.from(encodeWavHeader(24_000, 2 ** 32 - 1 - 72 - 2));
    expect([largest.toString('latin1', 0, 4), largest.readUInt32LE(76)]).toEqual(['RIFF', 2 ** 32 - 75]);
    const head = '52463634' + 'ffffffff' + '57415645' + '64733634' + '1c000000'; // RF64, WAVE, ds64, 28
    const sizes = '4a00000001000000' + '0200000001000000' + '0100008000000000' + '00000000'; // RIFF, data, samples, no table
    const expected = `${head}${sizes}${monoFormat}64617461ffffffff`;
    expect(Buffer.from(encodeWavHeader(24_000, 2 ** 32 + 2)).toString('hex')).toBe(expected);
  });

  it('knows several channels', () => {
    const header = Buffer.from(encodeWavHeader(16_000, 2 ** 33, 4));
    expect([header.readUInt16LE(58), header.readUInt32LE(64), header.readUInt16LE(68)]).toEqual([4, 128_000, 8]);
    expect(header.readBigUInt64LE(36)).toBe(2n ** 30n);
  });
});

describe('decodeWav', () => {
  it('gives back what was written behind an encoded header', () => {
    const pcm = Buffer.from(Int16Array.from([1, -2, 32_767, -32_768]).buffer);
    const audio = decodeWav(Buffer.concat([encodeWavHeader(16_000, pcm.length), pcm]));
    expect([audio.sampleRate, audio.channels, ...audio.samples]).toEqual([16_000, 1, 1, -2, 32_767, -32_768]);
  });

  it('reads a view into a larger buffer at an odd offset', () => {
    const file = riff(format({}), samples(5, 6));
    const shifted = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
    expect([...decodeWav(shifted).samples]).toEqual([5, 6]);
  });

  it('skips chunks it does not know, with their padding', () => {
    const file = riff(chunk('LIST', Buffer.from('odd')), format({}), chunk('fact', Buffer.alloc(4)), samples(7));
    expect([...decodeWav(file).samples]).toEqual([7]);
  });

  it('takes PCM in the extensible format', () => {
    const pcm = extension('0100000000001000800000aa00389b71');
    expect([...decodeWav(riff(format({ tag: 0xfffe, extra: pcm }), samples(8))).samples]).toEqual([8]);
  });

  it('refuses float in the extensible format', () => {
    const float = extension('0300000000001000800000aa00389b71');
    expect(complaint(riff(format({ tag: 0xfffe, bits: 32, extra: float }), samples(8)))).toBe(
      'it holds 32-bit float, not 16-bit PCM',
    );
  });

  it('ends with the file when the data chunk claims to be longer', () => {
    const file = riff(format({}), samples(1, 2));
    file.writeUInt32LE(0xffff_ffff, file.length - 8);
    expect([...decodeWav(file).samples]).toEqual([1, 2]);
  });

  it('leaves out half a sample at the end', () => {
    expect([...decodeWav(riff(format({}), chunk('data', Buffer.from([1, 0, 2])))).samples]).toEqual([1]);
  });

  it.each([
    ['text', Buffer.from('this is not audio, but it is long enough'), 'it is not a WAV file'],
    ['nothing', Buffer.alloc(0), 'it is not a WAV file'],
    ['8-bit samples', riff(format({ bits: 8 }), samples(1)), 'it holds 8-bit PCM, not 16-bit PCM'],
    ['mu-law', riff(format({ tag: 7, bits: 8 }), samples(1)), 'it holds 8-bit mu-law, not 16-bit PCM'],
    ['no channel', riff(format({ channels: 0 }), samples(1)), 'it has 0 channels at 16000 Hz'],
    ['no data', riff(format({})), 'it has no data chunk'],
    ['no format', riff(chunk('LIST', Buffer.alloc(4))), 'it has no format chunk'],
    ['data before the format', riff(samples(1), format({})), 'its audio comes before its format chunk'],
    ['a cut format', riff(format({})).subarray(0, 30), 'it ends inside its format chunk'],
  ])('says what is wrong with a file with %s', (_name, file, message) => {
    expect(complaint(file)).toBe(message);
  });

  it('throws nothing but bad_audio for a file cut anywhere', () => {
    const file = riff(
      chunk('LIST', Buffer.from('odd')),
      format({ tag: 0xfffe, extra: extension('01') }),
      samples(1, 2),
    );
    for (let length = 0; length < file.length; length++)
      expect(() => complaint(file.subarray(0, length))).not.toThrow();
  });
});

describe('downMix', () => {
  it('takes the mean of the channels', () => {
    const audio = decodeWav(riff(format({ channels: 2 }), samples(100, 300, -5, -7, 32_767, 32_767)));
    expect([...downMix(audio)]).toEqual([200, -6, 32_767]);
  });
});
