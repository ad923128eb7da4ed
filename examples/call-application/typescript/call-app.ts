// call-app.ts
import { createServer } from 'node:http';
import {
  CallAutomationClient,
  type CallInvite,
  KnownMediaStreamingAudioChannelType,
  KnownMediaStreamingContentType,
  type MediaStreamingOptions,
} from '@azure/communication-call-automation';

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const client = new CallAutomationClient(setting('ACS_CONNECTION_STRING'));
const callbackUrl = `${setting('APP_URL')}/callbacks`;
const startAtOnce = process.env['START_LATER'] === undefined;

const mediaStreamingOptions: MediaStreamingOptions = {
  transportType: 'websocket',
  transportUrl: setting('GATEWAY_URL'),
  contentType: KnownMediaStreamingContentType.Audio,
  audioChannelType: KnownMediaStreamingAudioChannelType.Unmixed, // or .Mixed
  audioFormat: 'pcm16KMono', // or 'pcm24KMono'; the type is string, so the compiler does not see a typing error
  startMediaStreaming: startAtOnce,
};

async function answer(incomingCallContext: string): Promise<void> {
  await client.answerCall(incomingCallContext, callbackUrl, { mediaStreamingOptions });
}

async function call(target: string): Promise<void> {
  const invite: CallInvite = target.startsWith('+')
    ? { targetParticipant: { phoneNumber: target }, sourceCallIdNumber: { phoneNumber: setting('ACS_PHONE_NUMBER') } }
    : { targetParticipant: { communicationUserId: target } };
  await client.createCall(invite, callbackUrl, { mediaStreamingOptions });
}

function media(callConnectionId: string) {
  return client.getCallConnection(callConnectionId).getCallMedia();
}

async function startStreaming(callConnectionId: string): Promise<void> {
  await media(callConnectionId).startMediaStreaming({ operationContext: 'start' });
}

// When you have heard enough; the call goes on.
export async function stopStreaming(callConnectionId: string): Promise<void> {
  await media(callConnectionId).stopMediaStreaming({ operationContext: 'stop' });
}

interface GridEvent {
  eventType: string;
  data: { validationCode?: string; incomingCallContext?: string };
}

interface CallEvent {
  type: string;
  data: { callConnectionId: string; resultInformation?: object; mediaStreamingUpdate?: object };
}

async function handle(path: string, body: string): Promise<object> {
  if (path === '/incoming') {
    for (const { eventType, data } of JSON.parse(body) as GridEvent[]) {
      if (eventType === 'Microsoft.EventGrid.SubscriptionValidationEvent') {
        return { validationResponse: data.validationCode };
      }
      if (eventType === 'Microsoft.Communication.IncomingCall' && data.incomingCallContext) {
        await answer(data.incomingCallContext);
      }
    }
  } else if (path === '/callbacks') {
    for (const { type, data } of JSON.parse(body) as CallEvent[]) {
      console.log(type, data.callConnectionId, data.resultInformation ?? '', data.mediaStreamingUpdate ?? '');
      if (type === 'Microsoft.Communication.CallConnected' && !startAtOnce) await startStreaming(data.callConnectionId);
    }
  }
  return {};
}

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  try {
    const result = await handle(request.url ?? '', body);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}).listen(3000);

const target = process.argv[2];
if (target !== undefined) await call(target);
