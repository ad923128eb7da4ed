/** Starts a thread of a stress test from its TypeScript entry, and waits for its report. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Report } from './messages.ts';

export async function runThread(entry: string, workerData: unknown): Promise<Report> {
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const [report] = (await once(worker, 'message')) as [Report];
  await worker.terminate();
  return report;
}
