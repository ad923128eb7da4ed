/** Entry of the console's thread. It reads, computes, and hands over finished bytes; its end loses nothing but a tenth of a second of a picture. */
import { constants, getPriority, setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { externalBytesMax } from '../base/limits.ts';
import { showSigns } from '../thread/thread-signs.ts';
import { ConsoleLoop } from './console-loop.ts';
import type { ConsoleWorkerData, FromConsole, ToConsole } from './messages.ts';

/** When the processor is short, streams come first. */
const nicer = 5;

if (process.platform === 'linux') {
  try {
    // There, and nowhere else, 0 is the calling thread and not the process.
    setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + nicer));
  } catch {
    // Not allowed here. It looks all the same.
  }
}

const port = parentPort as MessagePort;
const data = workerData as ConsoleWorkerData;
const tell = (message: FromConsole, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, [...transfer]);
showSigns(data.signs, externalBytesMax, (message) => {
  tell({ type: 'failed', message });
  process.exit(1);
});
const loop = new ConsoleLoop(data, tell);
port.on('message', (message: ToConsole) => loop.take(message));
loop.start();
tell({ type: 'ready' });
