import { describe, expect, it } from 'vitest';
import { streamSlot } from '../../src/memory/layout.ts';
import { DecoderRig, type OutcomeText, usableDecoders } from './rig.ts';
import { sample, sampleNames, wholePacketSample } from './samples.ts';

/** What each message counts as, as the first one of its stream. */
const expected: Readonly<Record<string, OutcomeText>> = {
  // 15 characters: its author cut the data off.
  'in-audiodata-captured-mixed-noparticipant.json': 'dropped: malformed_audio',
  [wholePacketSample]: 'committed',
  // An ellipsis stands in the data.
  'in-audiodata-docs-2024-elided.json': 'dropped: malformed_audio',
  // "test" is three bytes, "AQIDBAU=" five: half a sample is left over.
  'in-audiodata-jssdk-test.json': 'dropped: malformed_audio',
  'in-audiodata-netsdk-test.json': 'dropped: malformed_audio',
  'in-audiometadata-docs-2024-16k.json': 'control',
  'in-audiometadata-jssdk-test.json': 'control',
  // Encoding "encodingType", 8 Hz, two channels.
  'in-audiometadata-netsdk-test.json': 'dropped: unsupported_format',
  'in-derived-dtmfdata-allfields.json': 'control',
  'in-derived-markdata-beta.json': 'ignored',
  'in-dtmfdata-captured-js.json': 'control',
  'in-dtmfdata-docs.json': 'control',
  'in-dtmfdata-jssdk-test.json': 'control',
  'in-dtmfdata-netsdk-test.json': 'control',
  'in-legacy2022-audio-nokind.json': 'dropped: malformed_json',
  'in-legacy2022-metadata-nokind.json': 'dropped: malformed_json',
  'in-thirdparty-fixture-24k-length960.json': 'control',
  'in-thirdparty-fixture-participantRawId.json': 'committed',
  'in-transcriptiondata-final-jssdk-test.json': 'ignored',
  'in-transcriptiondata-intermediate-nowords-netsdk-test.json': 'ignored',
  'in-transcriptionmetadata-docs.json': 'ignored',
  'in-transcriptionmetadata-jssdk-test.json': 'ignored',
  // What servers send to ACS, should it ever come back. Keys are compared as they are written: "AudioData" is no payload.
  'out-audiodata-artvoice-mixedcase.json': 'dropped: malformed_json',
  'out-audiodata-callcenterai.json': 'dropped: malformed_audio',
  'out-audiodata-java-sdk.json': 'dropped: malformed_audio',
  // The kind is "audioData", which is none of ours.
  'out-audiodata-jssdk-1.6.0.json': 'ignored',
  'out-audiodata-netsdk-1.6.1.json': 'dropped: malformed_json',
  'out-audiodata-python-sample.json': 'dropped: malformed_json',
  'out-stopaudio-jssdk-1.6.0.json': 'ignored',
  'out-stopaudio-netsdk-1.6.1.json': 'dropped: malformed_json',
};

it('has a row for every sample, and a sample for every row', () => {
  expect(Object.keys(expected).sort()).toEqual(sampleNames);
});

describe.each(usableDecoders)('the sample messages under --decoder %s', (decoder) => {
  it.each(sampleNames)('counts %s as the contract says', (name) => {
    expect(new DecoderRig({ decoder }).feed(sample(name))).toBe(expected[name]);
  });

  it('decodes the documentation example of 2022 to its 640 bytes, with its time and its participant', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(sample(wholePacketSample), { arrivalMs: 12.5 });
    const [frame, ...more] = rig.frames();
    const { audioData } = JSON.parse(sample(wholePacketSample).toString()) as { audioData: { data: string } };
    expect(more).toEqual([]);
    expect(frame).toEqual({
      sequence: 0,
      pcm: Buffer.from(audioData.data, 'base64'),
      flags: 0,
      missingBefore: 0,
      timestampMs: Date.UTC(2022, 9, 3, 19, 16, 12, 925),
      arrivalMs: 12.5,
      positionSamples: 0,
    });
    expect(frame!.pcm).toHaveLength(640);
    expect(rig.ids()).toEqual(['8:acs:3d20e1de-0f28-41c5-84a0-4960fde5f411_0000000b-faeb-c708-99bf-a43a0d0036b0']);
  });

  it('takes the subscription and the rate from the metadata samples', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed(sample('in-audiometadata-docs-2024-16k.json'), { stream: 0 });
    rig.feed(sample('in-thirdparty-fixture-24k-length960.json'), { stream: 1 });
    expect([0, 1].map((stream) => rig.streamWord(streamSlot.sampleRate, stream))).toEqual([16_000, 24_000]);
    expect([0, 1].map((stream) => rig.subscriptionId(stream))).toEqual([
      '89e8cb59-b991-48b0-b154-1db84f16a077',
      'fixture',
    ]);
  });
});
