/** AudioMetadata: before, between and after audio, again, and of formats that are not supported. */
import { describe, expect, it } from 'vitest';
import { subscriptionIdBytesMax } from '../../src/base/limits.ts';
import { lane, ring, streamSlot } from '../../src/memory/layout.ts';
import { ringState } from '../../src/memory/states.ts';
import { audio, audioOf, metadata, pcm } from './messages.ts';
import { DecoderRig, usableDecoders } from './rig.ts';

const at24k = metadata({ sampleRate: 24_000 });
const frame24k = audio({ data: pcm(960, 5).toString('base64') });

function beforeMetadata(rig: DecoderRig): number[] {
  return [rig.laneCount(lane.audioBeforeMetadata), rig.streamCount(streamSlot.audioBeforeMetadata)];
}

describe.each(usableDecoders)('metadata under --decoder %s', (decoder) => {
  it('counts audio that comes before it, and takes it for 16 kHz', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio());
    rig.feed(audio({ data: '?' }));
    expect(beforeMetadata(rig)).toEqual([1, 1]);
    expect(rig.ringWord(rig.rings()[0]!, ring.sampleRate)).toBe(16_000);
    rig.feed(metadata());
    rig.feed(audio());
    expect(beforeMetadata(rig)).toEqual([1, 1]);
  });

  it('continues with the same rings when it says what was assumed', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio());
    rig.feed(metadata());
    rig.feed(audio());
    expect(rig.rings()).toHaveLength(1);
    expect(rig.frames()).toHaveLength(2);
  });

  it('ends the rings of the old rate and starts new ones when it says something else', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio({ participantRawID: 'a' }));
    rig.feed(at24k);
    rig.feed(audio({ participantRawID: 'a', data: pcm(960, 5).toString('base64') }));
    expect(rig.ids()).toEqual(['a', 'a']);
    const [old, now] = rig.rings() as [number, number];
    expect([rig.ringWord(old, ring.state), rig.ringWord(now, ring.state)]).toEqual([ringState.ended, ringState.live]);
    expect([rig.ringWord(old, ring.sampleRate), rig.ringWord(now, ring.sampleRate)]).toEqual([16_000, 24_000]);
    expect(rig.frames(0).map((f) => f.pcm.length)).toEqual([640]);
    expect(rig.frames(1)).toMatchObject([{ pcm: pcm(960, 5), flags: 0, positionSamples: 0 }]);
  });

  it('keeps the rings when it comes again with the same rate', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(at24k);
    rig.feed(frame24k);
    expect(rig.feed(at24k)).toBe('control');
    rig.feed(frame24k);
    expect(rig.frames()).toHaveLength(2);
    expect(rig.streamWord(streamSlot.metadataCount)).toBe(2);
  });

  it('refuses audio after a format that is not supported, until a better one comes', () => {
    const rig = new DecoderRig({ decoder });
    expect(rig.feed(metadata({ sampleRate: 8000 }))).toBe('dropped: unsupported_format');
    expect(rig.feed(audio())).toBe('dropped: unsupported_format');
    expect(rig.feed(audio({ participantRawID: 'a' }))).toBe('dropped: unsupported_format');
    expect(rig.rings()).toEqual([]);
    expect(rig.feed(metadata())).toBe('control');
    expect(rig.feed(audio())).toBe('committed');
  });

  it.each([
    ['a control character in the data', audio({ data: 'AAAA\u0001AAA' }).replace('\\u0001', '\u0001')],
    ['a backslash in the data', audioOf({ data: 'AAAAAAAx' }).replace('AAx', 'A\\x')],
  ])('calls a message with %s malformed JSON, also in a stream of an unsupported format', (_what, message) => {
    const rig = new DecoderRig({ decoder });
    rig.feed(metadata({ channels: 2 }));
    expect(rig.feed(message)).toBe('dropped: malformed_json');
  });

  it('leaves control messages alone after a format that is not supported', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(metadata({ encoding: 'OPUS' }));
    expect(rig.feed('{"kind":"DtmfData","dtmfData":{"data":"5"}}')).toBe('control');
    expect(rig.feed('{"kind":"MarkData"}')).toBe('ignored');
  });

  it('is what a stream learns its subscription from, as long as the id is not too long to keep', () => {
    const rig = new DecoderRig({ decoder });
    const longest = 'é'.repeat(subscriptionIdBytesMax / 2);
    rig.feed(metadata({ subscriptionId: longest }));
    expect(rig.subscriptionId()).toBe(longest);
    expect(rig.feed(metadata({ subscriptionId: `${longest}x` }))).toBe('control');
    expect(rig.subscriptionId()).toBe('');
    rig.feed(metadata({ subscriptionId: 5 }));
    expect(rig.subscriptionId()).toBe('');
  });

  it('is read whole when it comes with escapes, unknown fields and a fraction', () => {
    const rig = new DecoderRig({ decoder });
    const text = metadata({ subscriptionId: 'sub/1', x: { sampleRate: 8000 } }).replace('sub/1', '\\u0073ub\\/1');
    expect(rig.feed(text.replace('16000', '24000.0'))).toBe('control');
    expect(rig.subscriptionId()).toBe('sub/1');
    expect(rig.streamWord(streamSlot.sampleRate)).toBe(24_000);
  });
});
