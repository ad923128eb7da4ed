/** What happens in calls, a line each. Pure; any thread. */
import type { AgentEvent, FromWorker } from './messages.ts';

function textOf(event: AgentEvent): string {
  switch (event.type) {
    case 'connected':
      return 'the model listens';
    case 'lost':
      return `the model is away (${event.reason}), again in ${event.retryMs} ms`;
    case 'callerBegan':
      return 'caller speaks';
    case 'callerEnded':
      return 'caller has ended';
    case 'callerSaid':
      return `caller  ${event.text}`;
    case 'answering':
      return 'agent answers';
    case 'said':
      return `agent   ${event.text}`;
    case 'interrupted':
      return `agent was interrupted after ${(event.playedMs / 1000).toFixed(2)} of ${(event.receivedMs / 1000).toFixed(2)} s`;
    case 'tool':
      return `tool    ${event.name} ${event.input.replaceAll(/\s+/g, ' ')} -> ${event.output}`;
    case 'trouble':
      return event.what;
    case 'ended':
      return 'the call has ended';
  }
}

/** When, which call, what. */
export function lineOf({ streamId, atMs, event }: FromWorker): string {
  return `${new Date(atMs).toISOString().slice(11, 23)}  ${streamId.slice(0, 8)}  ${textOf(event)}`;
}
