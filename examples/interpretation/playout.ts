/**
 * When each frame is due: the first one `bufferMs` after it came, frame n exactly n x 20 ms later, whatever the network did
 * to it in between. Time is an argument. Pure; any thread. Rules:
 *
 * - What is not there when it is due is silence; what comes after that is dropped, and counted as late.
 * - A burst after a stall does not change the pace: what of it is late is dropped, the rest is on time again.
 * - If everything is late for 400 ms, the way has become longer for good: the schedule is set back, so that frames wait
 *   `bufferMs` again. That is heard as a pause.
 * - If for a second every frame has waited half as long again as it should, or 40 ms longer, the way has become shorter:
 *   quiet frames are left out until the delay is what it should be. That is not heard.
 */
import { JitterBuffer } from './jitter-buffer.ts';

const frameMs = 20;
const lateForMs = 400;
const surplusMsMin = 40;
const windowFrames = 50;
/** Leaving out a frame below this is not heard. */
const quietDb = -50;

export interface PlayoutOptions {
  readonly sampleRate: number;
  /** How long a frame waits for those before it. */
  readonly bufferMs: number;
}

export class Playout {
  readonly counts = { forwarded: 0, silence: 0, late: 0, leftOut: 0, setBack: 0 };
  /** The frame that was taken last. */
  readonly frame: Int16Array<ArrayBuffer>;
  /** When it had come; NaN if it never did. */
  frameArrivalMs = Number.NaN;
  private readonly options: PlayoutOptions;
  private readonly frameSamples: number;
  private buffer: JitterBuffer | null = null;
  /** When the next frame is due. */
  private dueMs = 0;
  private lateSinceMs = Number.NaN;
  /** The shortest that a frame was there before it was due, of this window. */
  private leastLeadMs = Number.POSITIVE_INFINITY;
  private framesInWindow = 0;
  private surplusFrames = 0;

  constructor(options: PlayoutOptions) {
    this.options = options;
    this.frameSamples = (options.sampleRate * frameMs) / 1000;
    this.frame = new Int16Array(this.frameSamples);
  }

  /** Place of the next frame on the participant's timeline, in samples; NaN before the first one. */
  get position(): number {
    return this.buffer?.next ?? Number.NaN;
  }

  put(position: number, samples: Int16Array, count: number, arrivalMs: number): void {
    const buffer = this.buffer ?? this.begin(position, arrivalMs);
    const result = buffer.put(position, samples, count, arrivalMs);
    if (result === 'kept') this.lateSinceMs = Number.NaN;
    else if (result === 'late') this.wasLate(position, arrivalMs);
    else this.begin(position, arrivalMs).put(position, samples, count, arrivalMs);
  }

  /**
   * Takes the next frame into `frame`, if it is due.
   * @param readMs everything that was there at this time has been put: a frame that became due later may yet be in the ring
   */
  take(nowMs: number, readMs: number): boolean {
    const { buffer } = this;
    if (buffer === null || this.dueMs > nowMs) return false;
    if (!buffer.hasNext && this.dueMs > readMs) return false;
    this.catchUp(buffer);
    const hasFrame = buffer.hasNext;
    this.frameArrivalMs = hasFrame ? buffer.nextArrivalMs : Number.NaN;
    if (hasFrame) this.noteLead(buffer);
    buffer.take(this.frame);
    this.dueMs += frameMs;
    if (hasFrame) this.counts.forwarded++;
    else this.counts.silence++;
    return true;
  }

  /** Whether all that was put has been taken. */
  get isEmpty(): boolean {
    return this.buffer === null || this.buffer.next >= this.buffer.newest;
  }

  private begin(position: number, arrivalMs: number): JitterBuffer {
    this.buffer = new JitterBuffer(position, this.frameSamples);
    this.dueMs = arrivalMs + this.options.bufferMs;
    return this.buffer;
  }

  private wasLate(position: number, arrivalMs: number): void {
    this.counts.late++;
    if (Number.isNaN(this.lateSinceMs)) this.lateSinceMs = arrivalMs;
    if (arrivalMs - this.lateSinceMs < lateForMs) return;
    this.counts.setBack++;
    this.lateSinceMs = Number.NaN;
    // So long after it the frame would be due that has just come.
    const behindMs = ((this.buffer!.next - position) * 1000) / this.options.sampleRate;
    this.dueMs = Math.max(this.dueMs, arrivalMs + this.options.bufferMs + behindMs);
  }

  private noteLead(buffer: JitterBuffer): void {
    this.leastLeadMs = Math.min(this.leastLeadMs, this.dueMs - buffer.nextArrivalMs);
    if (++this.framesInWindow < windowFrames) return;
    const { bufferMs } = this.options;
    const tooLongMs = this.leastLeadMs - bufferMs;
    this.surplusFrames = tooLongMs > Math.max(surplusMsMin, bufferMs / 2) ? Math.floor(tooLongMs / frameMs) : 0;
    this.framesInWindow = 0;
    this.leastLeadMs = Number.POSITIVE_INFINITY;
  }

  /** Leaves out quiet frames while there are too many. */
  private catchUp(buffer: JitterBuffer): void {
    while (this.surplusFrames > 0 && !this.isEmpty && buffer.nextLevelDb <= quietDb) {
      buffer.leaveOut();
      this.surplusFrames--;
      this.counts.leftOut++;
    }
  }
}
