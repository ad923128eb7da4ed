// acs.ts: what is asked of ACS
import {
  CallAutomationClient,
  type CallInvite,
  KnownMediaStreamingAudioChannelType,
  KnownMediaStreamingContentType,
  type MediaStreamingOptions,
} from '@azure/communication-call-automation';

export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const client = new CallAutomationClient(setting('ACS_CONNECTION_STRING'));
/** Who knows it may post events; ACS and Event Grid post it back in the address. Empty: anybody may. */
export const secret = process.env['APP_SECRET'] ?? '';
const callbackUrl = `${setting('APP_URL')}/callbacks${secret && `?secret=${encodeURIComponent(secret)}`}`;
export const startAtOnce = process.env['START_LATER'] === undefined;

const mediaStreamingOptions: MediaStreamingOptions = {
  transportType: 'websocket',
  transportUrl: setting('GATEWAY_URL'),
  contentType: KnownMediaStreamingContentType.Audio,
  audioChannelType: process.env['MIXED']
    ? KnownMediaStreamingAudioChannelType.Mixed // for a voice agent
    : KnownMediaStreamingAudioChannelType.Unmixed,
  audioFormat: 'pcm16KMono', // or 'pcm24KMono'; the type is string, so the compiler does not see a typing error
  startMediaStreaming: startAtOnce,
  enableBidirectional: true, // without it nobody hears what is sent into the call
};

export async function answer(incomingCallContext: string): Promise<void> {
  await client.answerCall(incomingCallContext, callbackUrl, { mediaStreamingOptions });
}

/** Calls a phone, or a user of ACS. */
export async function call(target: string): Promise<void> {
  const invite: CallInvite = target.startsWith('+')
    ? { targetParticipant: { phoneNumber: target }, sourceCallIdNumber: { phoneNumber: setting('ACS_PHONE_NUMBER') } }
    : { targetParticipant: { communicationUserId: target } };
  await client.createCall(invite, callbackUrl, { mediaStreamingOptions });
}

function connection(callConnectionId: string) {
  return client.getCallConnection(callConnectionId);
}

export async function startStreaming(callConnectionId: string): Promise<void> {
  await connection(callConnectionId).getCallMedia().startMediaStreaming({ operationContext: 'start' });
}

/** The call continues. */
export async function stopStreaming(callConnectionId: string): Promise<void> {
  await connection(callConnectionId).getCallMedia().stopMediaStreaming({ operationContext: 'stop' });
}

/** For everybody in the call. */
export async function hangUp(callConnectionId: string): Promise<void> {
  await connection(callConnectionId).hangUp(true);
}
