/**
 * The paced load: sockets, and frames that are sent when they are due. Runs in a process of its own. Invariant: frame `k` of
 * all is due at `k` periods after the start, whatever happened to the frames before it; so a slow server, or a slow
 * generator, is seen as lateness and unsent frames and never as a lower load. Consecutive frames go to consecutive streams,
 * which spreads the streams evenly over the time of a frame.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameBytes, frameDurationMs } from '../../src/base/limits.ts';
import { clientFrame, opcode } from '../../src/simulator/frame.ts';
import { Histogram, quantile } from './histogram.ts';
import { audioText, metadataText, participantId } from './message.ts';
import { addDigest, Payloads } from './payload.ts';
import type { GeneratorReport, Plan } from './plan.ts';
import { assertDescriptors, type Hear, openStream, type Place } from './stream-socket.ts';
import { suiteOf, TlsClient, usualSuites } from './tls-client.ts';

const connectingMax = 64;
/** What may wait in a socket before frames for it are left out: about a second of one stream. */
const waitingBytesMax = 64 * 1024;
const tickMs = 1;
/** Frames between two looks at the clock in the course of a tick. */
const clockStrideMask = 15;
const flushDeadlineMs = 60_000;
const busyPollMs = 200;

/** Of one stream: what becomes of what the server sends into it. */
export type HearStream = (send: (bytes: Uint8Array) => void) => Hear;

export class LoadGenerator {
  private readonly plan: Plan;
  private readonly place: Place;
  private readonly hearStream: HearStream;
  private readonly busyMs: number;
  private readonly payloads: Payloads;
  private readonly sockets: Socket[] = [];
  private readonly lateness = new Histogram(0.05, 10_000, 1.1);
  private readonly voices: number;
  private readonly periodMs: number;
  private readonly gapMs: number;
  private readonly wallStartMs = Date.now();
  private startMs = 0;
  private earliestMs = 0;
  private isSending = false;
  private isClosing = false;

  /** The number of the next frame. */
  private next = 0;
  /** What the current frame number and participant send; the same for every stream. */
  private turn = -1;
  private message: Buffer = Buffer.alloc(0);
  private crc = 0;

  private sent = 0;
  private unsent = 0;
  private digest = 0;
  private socketsLost = 0;
  private latenessMaxMs = 0;
  private mark = { atMs: 0, sent: 0, unsent: 0, cpu: process.cpuUsage() };

  /** @param busyMs for so long a stream that is refused with 503 is tried again, as ACS does it */
  constructor(plan: Plan, hearStream: HearStream = () => () => {}, busyMs = 0) {
    this.plan = plan;
    const { port, path, isTls = false, suites = usualSuites } = plan;
    this.place = { port, path, tls: isTls ? new TlsClient(suites) : null };
    this.busyMs = busyMs;
    this.hearStream = hearStream;
    this.payloads = new Payloads(plan.sampleRate);
    this.voices = Math.max(1, plan.participants);
    this.periodMs = 1000 / plan.framesPerSecond;
    this.gapMs = plan.gapMs ?? 0;
  }

  /** Opens all streams and sends their metadata. Throws when one cannot be opened. */
  async connect(): Promise<void> {
    const { streams } = this.plan;
    assertDescriptors(streams);
    let opened = 0;
    const openSome = async (): Promise<void> => {
      while (opened < streams) await this.open(opened++);
    };
    await Promise.all(Array.from({ length: Math.min(connectingMax, streams) }, openSome));
  }

  start(): void {
    this.setMark();
    if (this.plan.framesPerSecond === 0) return;
    this.isSending = true;
    this.startMs = performance.now();
    this.tick();
  }

  /** From here on counts what `sinceMark` reports. */
  setMark(): void {
    this.lateness.reset();
    this.latenessMaxMs = 0;
    this.mark = { atMs: performance.now(), sent: this.sent, unsent: this.unsent, cpu: process.cpuUsage() };
  }

  /** Sends nothing more, and waits until what was sent has left this process. */
  async stop(): Promise<void> {
    this.isSending = false;
    const deadlineMs = performance.now() + flushDeadlineMs;
    while (this.sockets.some((socket) => socket.writableLength > 0 && !socket.destroyed)) {
      if (performance.now() > deadlineMs) throw new Error('the server does not take what was sent');
      await sleep(5);
    }
  }

  close(): void {
    this.isClosing = true;
    this.isSending = false;
    for (const socket of this.sockets) socket.destroy();
  }

  report(): GeneratorReport {
    const { sent, unsent, mark } = this;
    const { user, system } = process.cpuUsage(mark.cpu);
    const buckets = this.lateness.read();
    return {
      framesSent: sent,
      pcmBytesSent: sent * frameBytes(this.plan.sampleRate),
      framesUnsent: unsent,
      digest: this.digest,
      socketsLost: this.socketsLost,
      suite: this.sockets[0] === undefined ? null : suiteOf(this.sockets[0]),
      sinceMark: {
        seconds: (performance.now() - mark.atMs) / 1000,
        framesSent: sent - mark.sent,
        framesUnsent: unsent - mark.unsent,
        cpuUs: user + system,
        latenessMs: { p50: quantile(buckets, 0.5), p99: quantile(buckets, 0.99), max: this.latenessMaxMs },
      },
    };
  }

  private async open(index: number): Promise<void> {
    const hear = this.hearStream((bytes) => this.sockets[index]?.write(bytes));
    const deadlineMs = performance.now() + this.busyMs;
    const open = async (): Promise<Socket> => {
      try {
        return await openStream(this.place, `bench-${index}`, hear);
      } catch (error) {
        if (performance.now() > deadlineMs || !String(error).includes('503')) throw error;
        await sleep(busyPollMs);
        return open();
      }
    };
    const socket = await open();
    socket.on('close', () => {
      if (!this.isClosing) this.socketsLost++;
    });
    socket.write(clientFrame(opcode.text, metadataText(index, this.plan.sampleRate)));
    this.sockets[index] = socket;
  }

  private readonly tick = (): void => {
    if (!this.isSending) return;
    const dueCount = Math.floor((performance.now() - this.startMs) / this.periodMs);
    let sinceStartMs = 0;
    for (let read = 0; this.next < dueCount; read++, this.next++) {
      if ((read & clockStrideMask) === 0) sinceStartMs = performance.now() - this.startMs;
      const latenessMs = sinceStartMs - this.next * this.periodMs;
      this.lateness.add(latenessMs);
      if (latenessMs > this.latenessMaxMs) this.latenessMaxMs = latenessMs;
      if (this.gapMs > 0) this.keepGap();
      this.send(this.next);
    }
    setTimeout(this.tick, tickMs);
  };

  /** Not asleep: no timer is as short. */
  private keepGap(): void {
    let nowMs = performance.now();
    while (nowMs < this.earliestMs) nowMs = performance.now();
    this.earliestMs = nowMs + this.gapMs;
  }

  private send(frame: number): void {
    const { streams } = this.plan;
    const turn = Math.floor(frame / streams);
    if (turn !== this.turn) this.prepare(turn);
    const socket = this.sockets[frame % streams]!;
    if (socket.writableLength > waitingBytesMax || socket.destroyed) {
      this.unsent++;
      return;
    }
    socket.write(this.message);
    this.sent++;
    this.digest = addDigest(this.digest, this.crc);
  }

  /** A buffer of its own for each turn: sockets may still hold the one before. */
  private prepare(turn: number): void {
    const number = Math.floor(turn / this.voices);
    const participant = turn % this.voices;
    const { base64, crc } = this.payloads.of(number, participant);
    const id = this.plan.participants === 0 ? null : participantId(participant);
    this.message = clientFrame(opcode.text, audioText(this.wallStartMs + number * frameDurationMs, id, base64));
    this.crc = crc;
    this.turn = turn;
  }
}
