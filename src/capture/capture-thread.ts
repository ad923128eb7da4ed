/** What runs in the capture's thread: looks into the queue ten times a second, until it is ended. Capture thread. */
import type { MessagePort } from 'node:worker_threads';
import { GatewayError, redactPath } from '../base/errors.ts';
import { externalBytesMax } from '../base/limits.ts';
import { fileModes } from '../sink/files/files.ts';
import { showSigns } from '../thread/thread-signs.ts';
import { CaptureFile, createCapture } from './capture-file.ts';
import { Drain } from './drain.ts';
import { captureHead } from './format-writer.ts';
import type { CaptureWorkerData, FromCapture, ToCapture } from './messages.ts';
import { QueueReader } from './queue.ts';

/** How long a message may wait, and so what a process that is killed loses. */
const turnMs = 100;
/** After an error. */
const retryMs = 1000;

async function openFile(
  { spec, path, startedAtMs }: CaptureWorkerData,
  queue: QueueReader,
): Promise<{ readonly path: string; readonly file: CaptureFile }> {
  if (path !== null) {
    queue.restore();
    return { path, file: CaptureFile.reopen(path, queue.committed.fileBytes) };
  }
  const head = captureHead(startedAtMs, spec.redact);
  const created = createCapture(spec.path, head, fileModes[spec.access ?? 'owner']);
  queue.commit(head.length, 0, 0);
  return { path: created.path, file: new CaptureFile(created.file, head.length) };
}

export async function runCapture(data: CaptureWorkerData, port: MessagePort): Promise<void> {
  const tell = (message: FromCapture) => port.postMessage(message);
  showSigns(data.signs, externalBytesMax, (message) => {
    tell({ type: 'failed', message });
    process.exit(1);
  });
  try {
    const { spec, key, startedMs } = data;
    const queue = new QueueReader(data.queue);
    const { path, file } = await openFile(data, queue);
    const redaction = spec.redact ? new (await import('./redaction.ts')).Redactor(key) : null;
    const drain = new Drain({ queue, file, compress: spec.compress, redaction, startedMs });
    let isClosing = false;
    const turn = () => {
      let isDone = false;
      try {
        isDone = drain.turn();
      } catch (error) {
        if (error instanceof GatewayError) throw error;
        tell({ type: 'error', message: redactPath(error) });
        if (!isClosing) {
          setTimeout(turn, retryMs);
          return;
        }
        isDone = true;
      }
      if (!isDone) setImmediate(turn);
      else if (!isClosing) setTimeout(turn, turnMs);
      else {
        file.close();
        tell({ type: 'closed' });
        port.close();
      }
    };
    port.on('message', (_message: ToCapture) => {
      isClosing = true;
    });
    tell({ type: 'ready', path });
    turn();
  } catch (error) {
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}
