/** The worker of all agents. Entry of a thread; `workerData` has the settings. */
import { parentPort, workerData } from 'node:worker_threads';
import { ReadingLoop } from '../audio/reading-loop.ts';
import { Agent } from './agent.ts';
import type { AgentEvent, FromWorker, ToWorker } from './messages.ts';
import type { AgentSettings } from './settings.ts';

const settings = workerData as AgentSettings;
const loop = new ReadingLoop();
/** By stream. */
const agents = new Map<string, Agent>();
/** Who is heard of each: the first one to speak. */
const callers = new Map<string, string | null>();

function tell(streamId: string, event: AgentEvent): void {
  const message: FromWorker = { streamId, atMs: Date.now(), event };
  parentPort!.postMessage(message);
}

function take(message: ToWorker): void {
  switch (message.type) {
    case 'call': {
      const { playback } = message;
      const { streamId } = playback;
      const known = agents.get(streamId);
      if (known === undefined || known.isOver) {
        agents.set(streamId, new Agent({ settings, playback, tell: (event) => tell(streamId, event) }));
      } else known.moveTo(playback);
      break;
    }
    case 'participant':
      loop.add(message.ring, ({ streamId, participantId, ...rest }) => {
        const agent = agents.get(streamId);
        if (!callers.has(streamId)) callers.set(streamId, participantId);
        if (agent !== undefined && callers.get(streamId) === participantId) {
          return agent.listener({ streamId, participantId, ...rest });
        }
        tell(streamId, { type: 'trouble', what: 'a second participant is not heard: ask ACS for mixed audio' });
        return { take() {}, end() {} };
      });
      break;
    case 'hungUp':
      agents.get(message.streamId)?.hangUp();
      agents.delete(message.streamId);
      callers.delete(message.streamId);
      break;
    case 'stop':
      for (const agent of agents.values()) agent.hangUp();
      loop.stop();
      // Nothing is left that keeps this thread alive.
      parentPort!.close();
  }
}

parentPort!.on('message', take);
parentPort!.postMessage('ready');
