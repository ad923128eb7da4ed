/** The voice agent as a user runs it: calls of the simulator, the real gateway and worker, a stand-in for the model that is as fast and as late as the real ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { AgentEvent, FromWorker } from '../../examples/voice-agent/messages.ts';
import type { StandInOptions } from '../../examples/voice-agent/stand-in/options.ts';
import { StandIn } from '../../examples/voice-agent/stand-in/server.ts';
import { levelOf } from '../../examples/voice-agent/stand-in/sound.ts';
import { wavHeaderBytes } from '../../src/base/wav.ts';
import type { SimulationReport } from '../../src/simulator/report.ts';
import { temporaryFolder } from '../support/folders.ts';
import { ExampleProcess, writeWav } from './example-process.ts';
import { scene } from './speech.ts';

const key = 'a key that is in no log';

async function standInFor(options: Partial<StandInOptions> = {}): Promise<StandIn> {
  const standIn = await StandIn.listen({ sound: 'levels', key, ...options });
  onTestFinished(() => standIn.close());
  process.env['REALTIME_URL'] = standIn.url;
  process.env['REALTIME_KEY'] = key;
  return standIn;
}

function startAgent(...flags: readonly string[]): Promise<ExampleProcess> {
  return ExampleProcess.start('voice-agent', '--port', '0', '--admin-port', '0', '--json', '--greeting', '', ...flags);
}

/** What a caller says: from and to which ms. */
function callerFile(folder: string, ms: number, spans: readonly (readonly [number, number])[], rate = 16_000): string {
  const file = join(folder, 'caller.wav');
  writeWav(file, rate, scene({ sampleRate: rate, ms, noiseDb: -55, speechDb: -20 }, spans));
  return file;
}

function eventsOf(example: ExampleProcess): AgentEvent[] {
  return example.lines.filter((line) => line.startsWith('{')).map((line) => (JSON.parse(line) as FromWorker).event);
}
function typesOf(example: ExampleProcess): string[] {
  return eventsOf(example).map(({ type }) => type);
}

/** Samples of what the first call heard. */
function heardSamples({ perCall }: SimulationReport): Int16Array {
  const file = readFileSync(join(perCall[0]!.heard!.folder!, 'heard.wav'));
  return new Int16Array(new Uint8Array(file.subarray(wavHeaderBytes)).buffer);
}

it('answers what the caller says, every sample of it, in both dialects', async () => {
  for (const dialect of ['ga', 'beta'] as const) {
    const standIn = await standInFor({ dialect, answerMs: 1_500 });
    const folder = temporaryFolder();
    const file = callerFile(folder, 6_000, [[600, 1_500]]);
    const example = await startAgent('--dialect', dialect);
    const report = await example.simulate(
      ...['--participants', '0', '--duration', '6s', '--audio', file, '--save-heard', join(folder, 'heard')],
    );
    expect(await example.interrupt()).toBe(0);
    console.log(example.output, standIn.sessions.map((s) => [s.errors, s.appends, s.hearing.appendedMs, s.turns, s.answers]));
    const heard = heardSamples(report);
    expect(heard.filter((sample) => sample === levelOf(1)).length).toBeGreaterThan(23_000);
    expect(example.output).not.toContain(key);
  }
});
