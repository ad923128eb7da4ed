/** Whose audio it is: mixed or a participant's, how ids are spelled, and how many there may be. */
import { describe, expect, it } from 'vitest';
import { participantIdBytesMax } from '../../src/base/limits.ts';
import { ring, streamSlot } from '../../src/memory/layout.ts';
import { ringState } from '../../src/memory/states.ts';
import { audio, iso, pcm, startMs } from './messages.ts';
import { DecoderRig, usableDecoders } from './rig.ts';

describe.each(usableDecoders)('participants under --decoder %s', (decoder) => {
  it.each([
    ['absent', {}],
    ['null', { participantRawID: null }],
    ['an empty string', { participantRawID: '' }],
    ['no string', { participantRawID: 7 }],
    ['null in every spelling', { participantRawID: null, participantRawId: null, participantId: null }],
  ])('takes audio as mixed when the participant is %s', (_what, fields) => {
    const rig = new DecoderRig({ decoder });
    expect(rig.feed(audio(fields))).toBe('committed');
    expect(rig.ids()).toEqual(['']);
    expect(rig.streamWord(streamSlot.unmixed)).toBe(0);
  });

  it('puts all mixed audio into one ring, however the absence is spelled', () => {
    const rig = new DecoderRig({ decoder });
    for (const fields of [{}, { participantRawID: null }, { participantId: '' }]) rig.feed(audio(fields));
    expect(rig.ids()).toEqual(['']);
    expect(rig.frames()).toHaveLength(3);
  });

  it.each(['participantRawID', 'participantRawId', 'participantId'])('reads the participant from %s', (key) => {
    const rig = new DecoderRig({ decoder });
    expect(rig.feed(audio({ [key]: '4:+15550100' }))).toBe('committed');
    expect(rig.ids()).toEqual(['4:+15550100']);
    expect(rig.streamWord(streamSlot.unmixed)).toBe(1);
  });

  it('does not take another spelling for one', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio({ participantrawid: 'a', Participant: 'b', participantID: 'c' }));
    rig.feed(audio({ participant: 7 }));
    rig.feed(audio({ participant: { id: 'd' } }));
    expect(rig.ids()).toEqual(['']);
  });

  it('tells participants apart that are given as a text or as an object', () => {
    const rig = new DecoderRig({ decoder });
    for (const id of ['a', 'b']) {
      rig.feed(audio({ participant: id }));
      rig.feed(audio({ participant: { rawId: id, kind: 'unknown' } }));
    }
    rig.feed(audio({ participant: { rawId: 'c' }, participantRawID: 'b' }));
    expect(rig.ids()).toEqual(['a', 'b']);
    expect(rig.frames()).toHaveLength(2);
    expect(rig.frames(1)).toHaveLength(3);
  });

  it('prefers the official spelling, and after it the first that says something', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio({ participantId: 'c', participantRawId: 'b', participantRawID: 'a' }));
    rig.feed(audio({ participantId: 'c', participantRawId: 'b', participantRawID: '' }));
    rig.feed(audio({ participantId: 'c', participantRawId: null, participantRawID: 1 }));
    expect(rig.ids()).toEqual(['a', 'b', 'c']);
  });

  it('knows a participant again in every spelling, escaped or not', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio({ participantRawID: '8:acs:a_b' }));
    rig.feed(audio({ participantId: '8:acs:a_b' }));
    rig.feed(audio({ participantRawID: '8:acs:a_b' }).replace('8:acs:a_b', '\\u0038:acs:a\\u005fb'));
    expect(rig.ids()).toEqual(['8:acs:a_b']);
    expect(rig.frames()).toHaveLength(3);
  });

  it('tells ids apart that differ in one character or in length only', () => {
    const rig = new DecoderRig({ decoder });
    // Longer ones first: a shorter one must not be taken for their beginning.
    const ids = ['28:abc', '28:ab', '28:a ', '28:a', '28:b', 'é', 'e\u0301', '😀', ''];
    for (const id of [...ids, ...ids]) rig.feed(audio({ participantRawID: id }));
    expect(rig.ids()).toEqual(ids);
    for (let i = 0; i < ids.length; i++) expect(rig.frames(i)).toHaveLength(2);
  });

  it('keeps mixed audio and a participant apart', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio({ participantRawID: 'a' }));
    rig.feed(audio());
    expect(rig.ids()).toEqual(['a', '']);
  });

  it('follows more than four participants over a call, each in its own ring', () => {
    const rig = new DecoderRig({ decoder });
    for (let n = 0; n < 20; n++) {
      const id = `4:+1555010${n % 10}`;
      const data = pcm(640, n).toString('base64');
      expect(rig.feed(audio({ participantRawID: id, data, timestamp: iso(startMs + 20 * Math.floor(n / 10)) }))).toBe(
        'committed',
      );
    }
    expect(new Set(rig.rings()).size).toBe(10);
    for (let i = 0; i < 10; i++) expect(rig.frames(i).map((f) => f.pcm)).toEqual([pcm(640, i), pcm(640, i + 10)]);
  });

  it('refuses one participant too many and continues with the others', () => {
    const rig = new DecoderRig({ decoder, participantsMax: 2 });
    rig.feed(audio({ participantRawID: 'a' }));
    rig.feed(audio({ participantRawID: 'b' }));
    expect(rig.feed(audio({ participantRawID: 'c' }))).toBe('dropped: participant_limit');
    expect(rig.feed(audio({ participantRawID: 'a' }))).toBe('committed');
    expect(rig.ids()).toEqual(['a', 'b']);
    expect(rig.pool.inUse).toBe(2);
  });

  it('counts bad audio of a refused participant as bad audio', () => {
    const rig = new DecoderRig({ decoder, participantsMax: 1 });
    rig.feed(audio({ participantRawID: 'a' }));
    expect(rig.feed(audio({ participantRawID: 'b', data: '????' }))).toBe('dropped: malformed_audio');
  });

  it.each([
    ['ASCII', 'i'],
    ['two bytes each', 'é'],
    ['four bytes each', '😀'],
  ])('takes an id of %s up to the limit in UTF-8 bytes, and no longer one', (_what, character) => {
    const rig = new DecoderRig({ decoder });
    const longest = character.repeat(participantIdBytesMax / Buffer.byteLength(character));
    expect(rig.feed(audio({ participantRawID: longest }))).toBe('committed');
    expect(rig.ids()).toEqual([longest]);
    expect(rig.feed(audio({ participantRawID: `${longest}x` }))).toBe('dropped: participant_limit');
    expect(rig.feed(audio({ participantRawID: longest.repeat(20) }))).toBe('dropped: participant_limit');
  });

  it('drops audio of new participants while the ring memory is spent, and takes it when a stream gave its rings back', () => {
    const rig = new DecoderRig({ decoder, ringCount: 2 });
    rig.feed(audio({ participantRawID: 'a' }), { stream: 0 });
    rig.feed(audio({ participantRawID: 'b' }), { stream: 1 });
    expect(rig.feed(audio({ participantRawID: 'c' }), { stream: 2 })).toBe('dropped: ring_memory');
    expect(rig.feed(audio({ participantRawID: 'a' }), { stream: 0 })).toBe('committed');
    rig.close(0);
    rig.release(0);
    expect(rig.feed(audio({ participantRawID: 'c' }), { stream: 2 })).toBe('committed');
  });

  it('never mixes up streams that have the same participant', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(audio({ participantRawID: 'a', data: pcm(640, 1).toString('base64') }), { stream: 0 });
    rig.feed(audio({ participantRawID: 'a', data: pcm(640, 2).toString('base64') }), { stream: 1 });
    expect([rig.frames(0, 0)[0]!.pcm, rig.frames(0, 1)[0]!.pcm]).toEqual([pcm(640, 1), pcm(640, 2)]);
  });

  it('ends every ring of a stream when it closes, and gives them back when it is released', () => {
    const rig = new DecoderRig({ decoder });
    for (const id of ['a', 'b', 'c']) rig.feed(audio({ participantRawID: id }));
    const rings = rig.rings();
    rig.close();
    expect(rings.map((index) => rig.ringWord(index, ring.state))).toEqual(Array(3).fill(ringState.ended));
    expect(rig.pool.inUse).toBe(3);
    rig.release();
    expect(rings.map((index) => rig.ringWord(index, ring.state))).toEqual(Array(3).fill(ringState.free));
    expect(rig.pool.inUse).toBe(0);
  });
});
