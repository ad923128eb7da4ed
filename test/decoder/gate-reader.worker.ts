/** A reader that needs every frame, in a thread of its own: reads when it is urged, and at its own pace of ten times a second. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedMemory, type SharedMemoryHandle } from '../../src/memory/shared-memory.ts';
import { placeOf, type RingAddress, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { SinkGate } from '../../src/sink/sink-gate.ts';

export interface GateReaderData {
  readonly memory: SharedMemoryHandle;
  readonly rings: readonly RingAddress[];
}

const { memory: handle, rings } = workerData as GateReaderData;
const memory = SharedMemory.attach(handle);
const gate = new SinkGate(memory, { index: 0, thread: 1 });
const cursors = rings.map((address) => new RingCursor(placeOf(memory, address)));
const frame = new Frame();
let wrong = 0;

function readAll(): void {
  // One that reads all of its rings need not know which.
  for (const _ of gate.urgedOf(new Map([['', 0]])));
  cursors.forEach((cursor, i) => {
    while (cursor.read(frame) === 'frame') if (frame.sequence !== cursor.next - 1) wrong++;
    gate.note(rings[i]!, cursor.next);
  });
}

gate.open(readAll);
readAll();
const timer = setInterval(readAll, 100);
parentPort!.postMessage('reads');
parentPort!.once('message', () => {
  readAll();
  clearInterval(timer);
  parentPort!.postMessage(cursors.map(({ framesRead, framesLapped }) => ({ framesRead, framesLapped, wrong })));
});
