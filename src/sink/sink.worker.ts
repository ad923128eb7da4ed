/** Entry of a sink's thread: builds the sink that its spec names and lets it read rings. */
import { parentPort, workerData } from 'node:worker_threads';
import { FileSink } from './file-sink.ts';
import type { SinkWorkerData } from './messages.ts';
import { runSink } from './sink-thread.ts';

const data = workerData as SinkWorkerData;
runSink(data, parentPort!, new FileSink(data.spec));
