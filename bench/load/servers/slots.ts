/**
 * Where `task.ts` and its workers meet: shared memory of many equal slots, each with room for a message and for its PCM.
 * One task owns one slot, so nobody has to lock.
 */

export const slotCount = 8192;
const messageBytesMax = 4096;
const pcmBytesMax = 2048;
const slotBytes = messageBytesMax + pcmBytesMax;

export interface Task {
  readonly slot: number;
  readonly messageBytes: number;
}

export class Slots {
  readonly memory: SharedArrayBuffer;
  private readonly messages: Buffer[] = [];
  private readonly pcm: Buffer[] = [];

  constructor(memory = new SharedArrayBuffer(slotCount * slotBytes)) {
    this.memory = memory;
    for (let at = 0; at < memory.byteLength; at += slotBytes) {
      this.messages.push(Buffer.from(memory, at, messageBytesMax));
      this.pcm.push(Buffer.from(memory, at + messageBytesMax, pcmBytesMax));
    }
  }

  /** Throws when the message is too long. */
  put(slot: number, message: ArrayBuffer): Task {
    this.messages[slot]!.set(new Uint8Array(message));
    return { slot, messageBytes: message.byteLength };
  }

  text({ slot, messageBytes }: Task): string {
    return this.messages[slot]!.toString('utf8', 0, messageBytes);
  }

  /** Returns how many bytes that are. */
  putPcm(slot: number, base64: string): number {
    return this.pcm[slot]!.write(base64, 'base64');
  }

  pcmOf(slot: number, pcmBytes: number): Uint8Array {
    return this.pcm[slot]!.subarray(0, pcmBytes);
  }
}
