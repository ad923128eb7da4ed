/**
 * Scenarios of one shape: a call runs, something unusual is sent in between, and the call must not end because of it. Main thread.
 * Each provocation is followed by a ping, so that the one that ended the call is named; then the next is tried in a new one.
 */
import type { Call } from '../call.ts';
import type { CallOptions, Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';

export interface Provocation {
  readonly name: string;
  send(call: Call): void;
}

export interface ProvokingScenario extends Omit<Scenario, 'run'> {
  readonly call?: CallOptions;
  readonly provocations: readonly Provocation[];
  /** A close frame is an answer that a server may give. */
  readonly mayClose?: boolean;
}

const framesBefore = 2;

async function provoke(kit: Kit, scenario: ProvokingScenario): Promise<void> {
  const { provocations, call: options, mayClose = false } = scenario;
  const open = async (after: string) => {
    const call = await kit.call(options, after === '' ? 'the call' : `after ${after} the next call`);
    if (options?.withMetadata !== false) call.speak(framesBefore);
    await kit.assertAlive(call.link, 'its beginning');
    return call;
  };
  const fatal: string[] = [];
  let last = '';
  let isClean = true;
  let call = await open('');
  for (const { name, send } of provocations) {
    if (!call.link.isOpen) call = await open(last);
    send(call);
    const problem = await kit.problem(call.link);
    if (problem === null) continue;
    last = name;
    fatal.push(`${name}: ${problem}`);
    isClean &&= mayClose && call.link.ending !== null && call.link.ending.code !== 1006;
    call.link.destroy();
  }
  if (fatal.length === 0) {
    await kit.expectOpen(call, provocations.at(-1)!.name);
    return kit.hangUp(call);
  }
  const seen = `the call did not survive ${fatal.join('; ')}`;
  if (!isClean) kit.fail(seen);
  kit.warn(seen);
}

export function provoking(scenario: ProvokingScenario): Scenario {
  const { call: _call, provocations: _provocations, mayClose: _mayClose, ...described } = scenario;
  return { ...described, run: (kit) => provoke(kit, scenario) };
}

/** A message, verbatim. */
export function text(name: string, message: string): Provocation {
  return { name, send: (call) => call.link.send(message) };
}

/** A message as an object. */
export function json(name: string, message: unknown): Provocation {
  return text(name, JSON.stringify(message));
}

/** An audio message with these fields replaced. */
export function audio(name: string, fields: Readonly<Record<string, unknown>>): Provocation {
  return { name, send: (call) => call.audio(fields) };
}
