/** The messages of the load generator. */
import { expect, test } from 'vitest';
import { audioText, metadataText, participantId } from '../../../bench/load/message.ts';

test('messages have the form of ACS', () => {
  const id = participantId(2);
  expect(JSON.parse(audioText(0, id, 'AAA='))).toEqual({
    kind: 'AudioData',
    audioData: { timestamp: '1970-01-01T00:00:00.000Z', participantRawID: id, data: 'AAA=', silent: false },
  });
  expect(JSON.parse(audioText(20, null, 'AAA=')).audioData).not.toHaveProperty('participantRawID');
  expect(JSON.parse(metadataText(3, 24_000)).audioMetadata).toMatchObject({ sampleRate: 24_000, length: 960 });
  expect(participantId(1)).not.toBe(participantId(2));
});
