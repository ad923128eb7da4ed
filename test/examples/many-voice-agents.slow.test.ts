/** Twenty voice agents at once, callers who interrupt them, a model that says late words, calls tools and loses connections. */
import { expect, it, onTestFinished } from 'vitest';
import { StandIn } from '../../examples/voice-agent/stand-in/server.ts';
import { runCallers } from '../agents/callers.ts';
import { eventually } from '../support/gateway-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { ExampleProcess } from './example-process.ts';

it(
  'lets no caller hear anything of an answer that was cut off, and leaves no connection behind',
  judgingTimes(async () => {
    const standIn = await StandIn.listen({
      sound: 'levels',
      answerMs: 4_000,
      lateDeltas: 3,
      breakEvery: 15,
      toolEvery: 4,
    });
    onTestFinished(() => standIn.close());
    process.env['REALTIME_URL'] = standIn.url;
    const example = await ExampleProcess.start(
      'voice-agent',
      ...['--port', '0', '--admin-port', '0', '--json', '--greeting', ''],
    );
    const { url } = example;
    const result = await runCallers({ url, standIn, calls: 20, seconds: 20, seed: 5, callSeconds: 12 });
    await eventually(() => standIn.sessions.every(({ isOpen }) => !isOpen));
    expect(await example.interrupt()).toBe(0);
    await always(() => expect(result.faults).toEqual([]));
    expect(result.calls).toBeGreaterThanOrEqual(40);
    expect(result.stops).toBeGreaterThan(10);
    expect(result.answersHeard).toBeGreaterThan(40);
    expect(example.output).toMatch(/"lost"/);
    expect(example.output).toMatch(/"tool"/);
  }),
);
