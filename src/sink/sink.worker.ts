/** Entry of a sink's thread: builds the sink that its spec names and lets it read rings. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedMemory } from '../memory/shared-memory.ts';
import { Vitals, VitalsWatch } from '../thread/vitals.ts';
import { FileSink } from './file-sink.ts';
import { type FromSink, type SinkWorkerData, sinkCounter, type ToSink } from './messages.ts';
import { SinkLoop } from './sink-loop.ts';

const data = workerData as SinkWorkerData;
const port = parentPort!;
const tell = (message: FromSink) => port.postMessage(message);

try {
  const loop = new SinkLoop(SharedMemory.attach(data.memory), new FileSink(data.spec), data.counters, tell);
  port.on('message', (message: ToSink) => loop.take(message));
  loop.start();
  new VitalsWatch(new Vitals(new Float64Array(data.counters), sinkCounter.vitals));
  tell({ type: 'ready' });
} catch (error) {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  port.close();
}
