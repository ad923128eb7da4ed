/** What runs in a sink's thread: the loop over its rings, fed by messages of the main thread. Sink thread. */
import type { MessagePort } from 'node:worker_threads';
import { externalBytesMax } from '../base/limits.ts';
import { SharedMemory } from '../memory/shared-memory.ts';
import { showSigns } from '../thread/thread-signs.ts';
import { type FromSink, type SinkWorkerData, sinkCounter, type ToSink } from './messages.ts';
import type { Sink } from './sink.ts';
import { SinkGate } from './sink-gate.ts';
import { SinkLoop } from './sink-loop.ts';
import { spokenOutcomes } from './spoken-outcome.ts';

export async function runSink(data: SinkWorkerData, port: MessagePort, create: () => Promise<Sink>): Promise<void> {
  const tell = (message: FromSink) => port.postMessage(message);
  showSigns(data.signs, externalBytesMax, (message) => {
    tell({ type: 'failed', message });
    process.exit(1);
  });
  try {
    const sink = await create();
    const memory = SharedMemory.attach(data.memory);
    const counters = new Float64Array(data.counters);
    const gate = new SinkGate(memory, data.gate);
    const loop = new SinkLoop(memory, sink, data.counters, tell, gate, data.holder);
    await sink.start({
      isRestart: data.isRestart,
      report: (error) => loop.report(error),
      recorded: (file) => tell({ type: 'recorded', file }),
      removed: (call) => tell({ type: 'removed', call }),
      measured: (diskBytes, freeBytes) => {
        counters[sinkCounter.diskBytes] = diskBytes;
        counters[sinkCounter.freeBytes] = freeBytes;
      },
      spoken: (outcome) => {
        counters[sinkCounter.spoken + spokenOutcomes.indexOf(outcome)]! += 1;
      },
    });
    if (sink.speaks === true) {
      if (data.holder < 0) throw new Error('it speaks into calls, and --playback is off');
      tell({ type: 'speaks' });
    }
    port.on('message', (message: ToSink) => loop.take(message));
    loop.start();
    tell({ type: 'ready' });
  } catch (error) {
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}
