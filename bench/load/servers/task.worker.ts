/** Decodes one message per task, for `task.ts`. */
import { workerData } from 'node:worker_threads';
import { Slots, type Task } from './slots.ts';

interface Message {
  readonly kind?: string;
  readonly audioData?: { readonly data?: string };
}

const slots = new Slots(workerData as SharedArrayBuffer);

/** The bytes of PCM that are now in the task's slot; 0 for a message without audio. */
export default function decode(task: Task): number {
  const message = JSON.parse(slots.text(task)) as Message;
  return message.kind === 'AudioData' ? slots.putPcm(task.slot, message.audioData?.data ?? '') : 0;
}
