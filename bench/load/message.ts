/** What ACS sends. Pure. */
import { frameBytes } from '../../src/base/limits.ts';

export function metadataText(streamIndex: number, sampleRate: number): string {
  const subscriptionId = `89e8cb59-b991-48b0-b154-${streamIndex.toString(16).padStart(12, '0')}`;
  const length = frameBytes(sampleRate);
  const audioMetadata = { subscriptionId, encoding: 'PCM', sampleRate, channels: 1, length };
  return JSON.stringify({ kind: 'AudioMetadata', audioMetadata });
}

export function participantId(participant: number): string {
  const tail = participant.toString(16).padStart(12, '0');
  return `8:acs:8a8f5a3c-8e0f-4a47-9e4c-3a5b0a1e0001_00000024-5b1b-4ea7-28f4-${tail}`;
}

/** `participant` null: the mixed stream, whose messages name nobody. */
export function audioText(timestampMs: number, participant: string | null, data: string): string {
  const timestamp = new Date(timestampMs).toISOString();
  const who = participant === null ? {} : { participantRawID: participant };
  return JSON.stringify({ kind: 'AudioData', audioData: { timestamp, ...who, data, silent: false } });
}
