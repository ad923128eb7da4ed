/**
 * Real gateways in trouble: what each of them has to bear, through its sockets, signals and files. Invariant: `stop` leaves
 * no process and no socket behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulateOptions } from '../../src/simulator/options.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { GatewayProcess } from '../support/gateway-process.ts';

/** Longer than any of these tests: what runs, runs until `stop`. */
const callMs = 120_000;
/** Of a ring, and what a sink may find when it comes half a second later. */
const floodFrames = 200;
const floodIntervalMs = 250;
/** The process stands still for so long, then runs for so long. Short, so that much of what is decoded has waited. */
const stoppedMs = 60;
const runningMs = 40;
/** A call reads for so long before it does not any more: it has answered a ping. */
const readingMs = 2_000;
/** Who is not let in by then was refused. */
const letInMsMax = 5_000;

export const slowSinkName = 'slow';

export class Scenarios {
  readonly folder = mkdtempSync(join(tmpdir(), 'acs-alerts-'));
  private readonly gateways: GatewayProcess[] = [];
  private readonly clients: AcsClient[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly loads = new Map<AbortController, Promise<unknown>>();
  private isStopped = false;

  async gateway(...flags: string[]): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.start('--workers', '1', ...flags);
    this.gateways.push(gateway);
    return gateway;
  }

  /** Calls that continue until they are stopped. */
  calls(gateway: GatewayProcess, options: Omit<SimulateOptions, 'url'>): { stop(): Promise<unknown> } {
    const aborter = new AbortController();
    const seed = 1 + this.loads.size;
    const run = simulateCalls(
      { url: gateway.url, durationMs: callMs, rampMs: 100, seed, ...options },
      { stopped: aborter.signal },
    );
    this.loads.set(aborter, run);
    return {
      stop: () => {
        aborter.abort();
        return run;
      },
    };
  }

  /** So many calls that are let in, until they are stopped: a gateway on a busy machine refuses some for a moment. */
  async callsLetIn(
    gateway: GatewayProcess,
    options: Omit<SimulateOptions, 'url'> & { readonly calls: number },
  ): Promise<{ stop(): Promise<unknown> }> {
    const active = async () => (await gateway.metrics()).get('streams_active')!;
    const wanted = (await active()) + options.calls;
    const runs: { stop(): Promise<unknown> }[] = [];
    for (let missing = options.calls; missing > 0; ) {
      runs.push(this.calls(gateway, { ...options, calls: missing }));
      const giveUpMs = performance.now() + letInMsMax;
      do {
        await sleep(100);
        missing = wanted - (await active());
      } while (missing > 0 && performance.now() < giveUpMs);
    }
    return { stop: () => Promise.all(runs.map((run) => run.stop())) };
  }

  /** A user's program, whose main thread is held up once so many calls are there. */
  async blockingProgram(calls: number): Promise<GatewayProcess> {
    const program = new URL('./blocking-program.ts', import.meta.url).pathname;
    const gateway = await GatewayProcess.startWith({ program }, ...this.speaking(200), '--calls', String(calls));
    this.gateways.push(gateway);
    return gateway;
  }

  /** Flags with which it speaks into every call, without end, and is interrupted so often. Its own reading is not what is tried. */
  speaking(interruptMs: number): string[] {
    const file = new URL('../support/interrupted-agent.ts', import.meta.url).pathname;
    return ['--sink', `module:${file}?interruptMs=${interruptMs}`, '--ring-seconds', '30'];
  }

  /** Calls that begin, and soon neither say nor read anything any more. */
  async silence(gateway: GatewayProcess, calls: number): Promise<void> {
    for (let call = 0; call < calls; call++) {
      const client = await AcsClient.connect(gateway.url);
      client.socket.on('error', () => {});
      this.clients.push(client);
      client.send(metadata(`silent-${call}`), audio(0));
      this.timers.add(setTimeout(() => client.socket.pause(), readingMs));
    }
  }

  /** One call whose audio comes far faster than it is spoken, as after a stall: more at a time than a ring holds. */
  async flood(gateway: GatewayProcess): Promise<void> {
    const client = await AcsClient.connect(gateway.url);
    client.socket.on('error', () => {});
    this.clients.push(client);
    client.send(metadata('flood'));
    let frame = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < floodFrames; i++) client.send(audio(frame++));
    }, floodIntervalMs);
    this.timers.add(timer);
  }

  /** Looks once a second and is waited for by nobody. */
  slowSink(): string {
    const file = join(this.folder, 'slow-sink.mjs');
    writeFileSync(file, 'export default () => ({ readIntervalMs: 1000, open: () => ({ write() {} }) });');
    return `module:${file}?name=${slowSinkName}`;
  }

  /** Somebody tries the door with a wrong token, again and again. */
  knock(gateway: GatewayProcess): void {
    const timer = setInterval(() => {
      refusedUpgrade(gateway.url, { authorization: 'Bearer wrong' }).catch(() => {});
    }, 100);
    this.timers.add(timer);
  }

  /** The process is stopped and continued, again and again: what a machine does that has too little time for it. */
  stutter(gateway: GatewayProcess): void {
    const step = (isRunning: boolean) => {
      gateway.signal(isRunning ? 'SIGSTOP' : 'SIGCONT');
      if (this.isStopped) return;
      const timer = setTimeout(
        () => {
          this.timers.delete(timer);
          step(!isRunning);
        },
        isRunning ? stoppedMs : runningMs,
      );
      this.timers.add(timer);
    };
    step(true);
  }

  /** A folder that is one when the sink begins, and a file afterwards: no permission is needed to make it unusable. */
  breakFolder(folder: string): void {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) clearInterval(timer);
    for (const aborter of this.loads.keys()) aborter.abort();
    await Promise.all(this.gateways.map((gateway) => gateway.kill()));
    for (const { socket } of this.clients) socket.terminate();
    await Promise.all(this.loads.values());
    rmSync(this.folder, { recursive: true, force: true });
  }
}
