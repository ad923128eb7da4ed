/**
 * Callers without end: each says something, waits for the answer, or does not wait and interrupts it. Drawn by a seed; real sockets.
 * Bounded by the time that it is given.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StandIn } from '../../examples/voice-agent/stand-in/server.ts';
import { AgentCall, Clock } from '../examples/agent-call.ts';
import { generator } from '../support/seed.ts';

export interface CallersOptions {
  readonly url: string;
  readonly standIn: StandIn;
  readonly calls: number;
  readonly seconds: number;
  readonly seed: number;
  /** Each call is hung up and replaced after so long, about. */
  readonly callSeconds: number;
}

export interface CallersResult {
  readonly calls: number;
  readonly turns: number;
  readonly bargeIns: number;
  readonly answersHeard: number;
  readonly framesHeard: number;
  /** StopAudio messages that came. */
  readonly stops: number;
  /** From the stand-in's word that a caller speaks to the silence, ms. */
  readonly silencedMs: readonly number[];
  readonly faults: readonly string[];
}

export async function runCallers(options: CallersOptions): Promise<CallersResult> {
  const clock = new Clock();
  const endMs = performance.now() + options.seconds * 1000;
  const done: AgentCall[] = [];
  const tally = { turns: 0, bargeIns: 0 };
  const place = async (index: number) => {
    const next = generator(options.seed * 1_000 + index);
    // Not all at once.
    await sleep(index * 20);
    for (let n = 0; performance.now() < endMs; n++) {
      const call = await AgentCall.dial(options.url, `caller-${options.seed}-${index}-${n}`, clock, options.standIn);
      const hangUpMs = Math.min(endMs, performance.now() + options.callSeconds * 1000 * (0.5 + next()));
      await converse(call, hangUpMs, next, tally);
      await call.hangUp();
      done.push(call);
    }
  };
  await Promise.all(Array.from({ length: options.calls }, (_, index) => place(index)));
  clock.stop();
  return {
    calls: done.length,
    ...tally,
    answersHeard: sum(done, ({ heard }) => heard.size),
    framesHeard: sum(done, ({ framesHeard }) => framesHeard),
    stops: sum(done, ({ stopsMs }) => stopsMs.length),
    silencedMs: done.flatMap(({ silencedMs }) => silencedMs).sort((a, b) => a - b),
    faults: done.flatMap(({ faults }) => faults),
  };
}

function sum(calls: readonly AgentCall[], of: (call: AgentCall) => number): number {
  return calls.reduce((total, call) => total + of(call), 0);
}

async function converse(
  call: AgentCall,
  endMs: number,
  next: () => number,
  tally: { turns: number; bargeIns: number },
): Promise<void> {
  await sleep(500);
  while (performance.now() < endMs) {
    tally.turns++;
    const speaksMs = 500 + 700 * next();
    if (call.isPlaying) tally.bargeIns++;
    call.speak(speaksMs);
    // Half of all callers interrupt: some at once, some in the middle, some while the last words are played.
    const waitMs = next() < 0.5 ? 1_200 + 3_000 * next() : 6_000;
    await sleep(speaksMs + waitMs);
  }
}
