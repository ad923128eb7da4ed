/** Entry of a sink's thread: builds the sink that its spec names and lets it read rings. Loads no other kind of sink. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SinkSpec } from '../config/sink-spec.ts';
import type { SinkWorkerData } from './messages.ts';
import type { Sink } from './sink.ts';
import { runSink } from './sink-thread.ts';

async function createSink(spec: SinkSpec): Promise<Sink> {
  if (spec.kind === 'nats') return new (await import('./nats/nats-sink.ts')).NatsSink(spec);
  if (spec.kind === 'module') return (await import('./module/module-host.ts')).ModuleHost.load(spec);
  return new (await import('./files/file-sink.ts')).FileSink(spec);
}

const data = workerData as SinkWorkerData;
await runSink(data, parentPort!, () => createSink(data.spec));
