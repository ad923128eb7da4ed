/**
 * What the official parser (`StreamingData.parse` of @azure/communication-call-automation) makes of a message, and what
 * the gateway must make of it then. Where they differ on purpose, the comment says so.
 */
import { StreamingData } from '@azure/communication-call-automation';
import { packetBytesMax, participantIdBytesMax, sampleRates } from '../../src/base/limits.ts';
import { referenceBase64, referenceTimestamp } from './reference.ts';
import type { OutcomeText } from './rig.ts';

/** What the gateway must do with a message. Fields that are absent are not for the official parser to say. */
export interface Expectation {
  readonly outcome: OutcomeText;
  readonly subscriptionId?: string;
  readonly pcm?: Buffer | 'zeros';
  readonly timestampMs?: number;
  readonly silent?: boolean;
  readonly id?: string;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function inUtf8(text: string): string {
  return Buffer.from(text).toString();
}

/** The id from which the official parser made its identifier object. */
function rawIdOf(participant: Fields): string {
  const { kind, id, phoneNumber, communicationUserId, microsoftTeamsUserId, teamsAppId, isAnonymous } = participant;
  const cloud = participant['cloud'] as string;
  if (kind === 'unknown') return id as string;
  if (kind === 'phoneNumber') return `4:${phoneNumber}`;
  if (kind === 'communicationUser') return communicationUserId as string;
  if (kind === 'microsoftTeamsApp') return `28:${cloud === 'public' ? 'orgid' : cloud}:${teamsAppId}`;
  if (kind === 'teamsExtensionUser') {
    const { userId, tenantId, resourceId } = participant;
    return `8:${cloud === 'public' ? '' : `${cloud}-`}acs:${resourceId}_${tenantId}_${userId}`;
  }
  return isAnonymous === true
    ? `8:teamsvisitor:${microsoftTeamsUserId}`
    : `8:${cloud === 'public' ? 'orgid' : cloud}:${microsoftTeamsUserId}`;
}

/** Null when the official parser throws: on what is no JSON, on unknown kinds, on a participant that is null. */
export function officialExpectation(message: Uint8Array, isRefusedFormat: boolean): Expectation | null {
  let parsed: Fields;
  try {
    parsed = StreamingData.parse(new Uint8Array(message).buffer) as unknown as Fields;
  } catch {
    return null;
  }
  const kind: string = StreamingData.getStreamingKind();
  if (kind.startsWith('Transcription')) return { outcome: 'ignored' };
  if (kind === 'DtmfData') return { outcome: 'control' };
  // It reads the fields of whatever the payload is; the gateway wants an object.
  const root = JSON.parse(new TextDecoder().decode(message)) as Fields;
  const payload = fieldsOf(root[kind === 'AudioData' ? 'audioData' : 'audioMetadata']);
  if (payload === null) return { outcome: 'dropped: malformed_json' };
  return kind === 'AudioData' ? expectAudio(parsed, payload, isRefusedFormat) : expectMetadata(parsed);
}

function expectMetadata(parsed: Fields): Expectation {
  // It does not judge the format, nor fill in what is absent.
  const { encoding, sampleRate, channels, subscriptionId } = parsed;
  const isSupported =
    /^pcm$/i.test(String(encoding ?? 'PCM')) &&
    typeof (encoding ?? '') === 'string' &&
    sampleRates.some((rate) => rate === (sampleRate ?? 16_000)) &&
    (channels ?? 1) === 1;
  return {
    outcome: isSupported ? 'control' : 'dropped: unsupported_format',
    // Lone surrogates become U+FFFD, and what is too long to keep is not kept.
    ...(typeof subscriptionId === 'string' && subscriptionId.length < 40
      ? { subscriptionId: inUtf8(subscriptionId) }
      : {}),
  };
}

/** It takes any year; what is before ACS says nothing. */
function usable(timestampMs: number): number {
  return timestampMs < Date.UTC(2000) ? Number.NaN : timestampMs;
}

function expectAudio(parsed: Fields, payload: Fields, isRefusedFormat: boolean): Expectation {
  if (isRefusedFormat) return { outcome: 'dropped: unsupported_format' };
  // It keeps data that is not base64, or is no string at all, and takes any value for `silent`.
  const data = parsed['data'] ?? '';
  const silent = parsed['isSilent'] === true;
  const pcm = typeof data === 'string' ? referenceBase64(data) : null;
  if (pcm === null || pcm.length % 2 !== 0 || pcm.length > packetBytesMax || (pcm.length === 0 && !silent)) {
    return { outcome: 'dropped: malformed_audio' };
  }
  const expectation = {
    outcome: 'committed' as const,
    pcm: pcm.length === 0 ? ('zeros' as const) : pcm,
    silent,
    timestampMs: usable(referenceTimestamp(parsed['timestamp'])),
  };
  const participant = fieldsOf(parsed['participant']);
  const id = participant === null ? '' : rawIdOf(participant);
  if (Buffer.byteLength(id) > participantIdBytesMax) return { outcome: 'dropped: participant_limit' };
  if (id !== '') return { ...expectation, id: inUtf8(id) };
  // It knows one spelling of the participant only: with another one it says nothing about the id.
  return 'participantRawId' in payload || 'participantId' in payload || 'participant' in payload
    ? withoutId(payload, expectation)
    : { ...expectation, id: '' };
}

function rawIdIn(participant: unknown): unknown {
  return fieldsOf(participant)?.['rawId'] ?? participant;
}

/** An over-long id in a spelling that the official parser does not read is still over-long. */
function withoutId(payload: Fields, expectation: Expectation): Expectation {
  const ids = [payload['participantRawId'], payload['participantId'], rawIdIn(payload['participant'])];
  const id = ids.find((value) => typeof value === 'string' && value !== '');
  const isTooLong = id !== undefined && Buffer.byteLength(id as string) > participantIdBytesMax;
  return isTooLong ? { outcome: 'dropped: participant_limit' } : expectation;
}
