/** Calls that run beside the code that started them, as a test needs them. Main thread. */
import type { SimulateOptions } from './options.ts';
import type { SimulationReport } from './report.ts';
import { simulateCalls } from './simulator.ts';

/** Calls that were started, and will end by themselves unless they are stopped. */
export interface RunningCalls extends AsyncDisposable {
  /**
   * Resolves when every call has ended. What the server does never rejects it: `ok` is false, and the report says why.
   * Rejects with `bad_settings` for options that contradict themselves; then nothing was dialled.
   */
  readonly ended: Promise<SimulationReport>;
  /** Hangs up. The report says `interrupted`, and expects what was sent until then. */
  stop(): Promise<SimulationReport>;
}

/**
 * Plays calls of ACS against a server, at the pace of real calls. The same `seed` gives the same calls: ids, voices and impairments.
 *
 *     await using calls = startCalls({ url, participants: 2, durationMs: 2000 });
 *     const { ok, expected } = await calls.ended;
 */
export function startCalls(options: SimulateOptions): RunningCalls {
  const controller = new AbortController();
  const ended = simulateCalls(options, { stopped: controller.signal });
  const stop = () => {
    controller.abort();
    return ended;
  };
  return {
    ended,
    stop,
    // A test that has failed has said why: what its calls had to say comes second.
    [Symbol.asyncDispose]: () => stop().then(() => {}),
  };
}
