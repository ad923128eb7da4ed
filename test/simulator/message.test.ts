import { StreamingData } from '@azure/communication-call-automation';
import { describe, expect, it } from 'vitest';
import { frameHeaderBytes } from '../../src/simulator/frame.ts';
import { AudioTemplate, audioMessage, metadataMessage, TimestampWriter } from '../../src/simulator/message.ts';

const timestamp = '2024-11-15T19:16:12.925Z';

describe('metadataMessage', () => {
  it('is what ACS is documented to send first', () => {
    expect(metadataMessage('89e8cb59-b991-48b0-b154-1db84f16a077', 16_000)).toBe(
      '{"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"89e8cb59-b991-48b0-b154-1db84f16a077","encoding":"PCM","sampleRate":16000,"channels":1,"length":640}}',
    );
  });

  it('is read by the official parser', () => {
    expect(StreamingData.parse(metadataMessage('s', 24_000))).toMatchObject({
      subscriptionId: 's',
      sampleRate: 24_000,
    });
  });
});

describe('audioMessage', () => {
  it('has the fields in the order of the captured messages', () => {
    expect(audioMessage({ timestamp, participantId: '28:a', data: 'AAAA', silent: false })).toBe(
      `{"kind":"AudioData","audioData":{"timestamp":"${timestamp}","participantRawID":"28:a","data":"AAAA","silent":false}}`,
    );
  });

  it('has no key for the participant when mixed', () => {
    expect(audioMessage({ timestamp, participantId: null, data: 'AAAA', silent: true })).toBe(
      `{"kind":"AudioData","audioData":{"timestamp":"${timestamp}","data":"AAAA","silent":true}}`,
    );
  });

  it('is read by the official parser', () => {
    const message = audioMessage({ timestamp, participantId: '28:a', data: 'AAAA', silent: false });
    expect(StreamingData.parse(message)).toMatchObject({ data: 'AAAA', isSilent: false });
  });
});

describe('TimestampWriter', () => {
  it('writes what Date writes, forwards, backwards and over the end of a year', () => {
    const writer = new TimestampWriter();
    const target = Buffer.alloc(30, 'x');
    const newYear = Date.UTC(2025, 0, 1);
    for (const wallMs of [
      newYear - 20,
      newYear - 1,
      newYear,
      newYear + 7,
      newYear + 70,
      newYear + 999,
      newYear - 1000,
    ]) {
      writer.write(target, 3, wallMs);
      expect(target.toString('latin1')).toBe(`xxx${new Date(wallMs).toISOString().slice(0, 23)}xxxx`);
    }
  });
});

describe('AudioTemplate', () => {
  it('is a WebSocket frame around the message, byte for byte', () => {
    const template = new AudioTemplate('4:+15550100001', 16_000, false);
    const frame = template.take(1);
    new TimestampWriter().write(frame, template.timestampAt, Date.parse(timestamp));
    const data = Buffer.alloc(640, 0x12).toString('base64');
    frame.write(data, template.dataAt, 'latin1');
    const text = audioMessage({ timestamp, participantId: '4:+15550100001', data, silent: false });
    expect(frame.subarray(frameHeaderBytes).toString()).toBe(text);
    // Final text frame, masked with zeros, 16-bit length.
    expect([...frame.subarray(0, frameHeaderBytes)]).toEqual([
      0x81,
      0xfe,
      text.length >> 8,
      text.length & 255,
      0,
      0,
      0,
      0,
    ]);
    expect(template.messageBytes).toBe(text.length);
  });

  it('says that a silent frame is silent, and has all its zeros', () => {
    const template = new AudioTemplate(null, 24_000, true);
    const parsed = JSON.parse(template.take(1).subarray(frameHeaderBytes).toString());
    expect(parsed.audioData.silent).toBe(true);
    expect(Buffer.from(parsed.audioData.data, 'base64')).toEqual(Buffer.alloc(960));
  });

  it('gives the same buffer again once it is free, and another one while it is not', () => {
    const template = new AudioTemplate(null, 16_000, false);
    const first = template.take(1);
    expect(template.take(2)).toBe(first);
    const second = template.take(2);
    expect(second).not.toBe(first);
    expect(second.length).toBe(first.length);
  });
});
