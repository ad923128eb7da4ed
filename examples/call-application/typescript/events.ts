// events.ts: what ACS and Event Grid tell
import { answer, startAtOnce, startStreaming } from './acs.ts';

interface GridEvent {
  eventType: string;
  data: { validationCode?: string; incomingCallContext?: string };
}

interface CallEvent {
  type: string;
  data: { callConnectionId: string; resultInformation?: object; mediaStreamingUpdate?: object };
}

/** How often, and when, the stream of a call was started again. */
const restarts = new Map<string, { count: number; atMs: number }>();
const restartsMax = 5;
const restartMs = 1000;
/** A stream that lasted that long had started well. */
const goodStreamMs = 60_000;

/** From Event Grid, at the address of the subscription. */
export async function incoming(events: GridEvent[]): Promise<object> {
  for (const { eventType, data } of events) {
    if (eventType === 'Microsoft.EventGrid.SubscriptionValidationEvent') {
      return { validationResponse: data.validationCode };
    }
    if (eventType === 'Microsoft.Communication.IncomingCall' && data.incomingCallContext) {
      // Event Grid reports a call again if it gets no 200: one that is answered already cannot be answered again.
      await answer(data.incomingCallContext).catch((error) => console.error('not answered:', error.message));
    }
  }
  return {};
}

/** From ACS, at the callback address of the call. */
export async function callbacks(events: CallEvent[]): Promise<object> {
  for (const { type, data } of events) {
    const { callConnectionId, resultInformation = '', mediaStreamingUpdate = '' } = data;
    console.log(type, callConnectionId, resultInformation, mediaStreamingUpdate);
    switch (type) {
      case 'Microsoft.Communication.CallConnected':
        if (!startAtOnce) await startStreaming(callConnectionId);
        break;
      case 'Microsoft.Communication.MediaStreamingFailed':
        restart(callConnectionId);
        break;
      case 'Microsoft.Communication.CallDisconnected':
        restarts.delete(callConnectionId);
        break;
    }
  }
  return {};
}

/** The call continues without the gateway, which may have been replaced: its successor can have it. */
function restart(callConnectionId: string): void {
  const before = restarts.get(callConnectionId);
  const isNew = before === undefined || Date.now() - before.atMs > goodStreamMs;
  const count = isNew ? 1 : before.count + 1;
  restarts.set(callConnectionId, { count, atMs: Date.now() });
  if (count > restartsMax) return;
  setTimeout(() => {
    if (!restarts.has(callConnectionId)) return;
    startStreaming(callConnectionId).catch((error) => console.error('not started again:', error.message));
  }, restartMs * count);
}
