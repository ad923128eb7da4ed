/** Sinks of the user's own, run by the real gateway: what they are given, what they may do wrong, and what that costs. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseSink } from '../../src/config/sink-spec.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { startSimulator } from '../support/simulator-process.ts';

const file = new URL('./counting-sink.ts', import.meta.url).pathname;

interface Heard {
  readonly participantId: string;
  readonly frames: number;
  readonly groups: number;
  readonly framesRead: number;
  readonly framesLapped: number;
  readonly sum: number;
  readonly samples: string;
  readonly isRestart: boolean;
}

async function run(text: string, calls = 3, ...flags: string[]) {
  const folder = temporaryFolder();
  const gateway = await GatewayProcess.start('--workers', '1', '--sink', text, '--sink', `pcm:${join(folder, 'pcm')}`);
  onTestFinished(() => gateway.kill());
  const simulated = ['--calls', String(calls), '--participants', '2', '--duration', '2s', ...flags];
  const report = await startSimulator(gateway.url, ...simulated, '--save', join(folder, 'sent')).report;
  await eventually(async () => (await gateway.metrics()).get('ring_memory_bytes') === 0);
  const metrics = await gateway.metrics();
  const { code, last } = await gateway.drain();
  expect([code, last]).toMatchObject([0, { msg: 'drained', unaccounted: 0 }]);
  const lines = gateway.stderr.split('\n').filter((line) => line.startsWith('{'));
  const told = lines.map((line) => JSON.parse(line) as Heard & { streams?: number; options?: unknown });
  const sent = [...filesBelow(join(folder, 'sent'), '.wav').values()].map((wav) =>
    createHash('sha256').update(wav.subarray(80)).digest('hex'),
  );
  return {
    gateway,
    metrics,
    report,
    sent: sent.sort(),
    heard: told.filter(({ participantId }) => participantId !== undefined),
    closed: told.find(({ streams }) => streams !== undefined),
  };
}

describe('a sink module', () => {
  it('is given every frame of every participant in order, in groups, and told of every end', async () => {
    const { heard, closed, sent, metrics } = await run(`module:${file}?unit=dB&name=counting`);
    expect(heard.map(({ samples }) => samples).sort()).toEqual(sent);
    for (const one of heard) {
      expect(one).toMatchObject({ frames: 100, framesRead: 100, framesLapped: 0, sum: 4950, isRestart: false });
      // Many frames at a time, not one by one.
      expect(one.groups).toBeLessThan(100);
    }
    expect(closed).toEqual({ streams: 3, options: { unit: 'dB' } });
    expect(metrics.get('sink_frames_total{sink="counting"}')).toBe(600);
    expect(metrics.get('sink_ready{sink="counting"}')).toBe(1);
  });

  it('that throws loses the frame, counted and told, and continues', async () => {
    const { heard, metrics, gateway } = await run(`module:${file}?throwsAt=30&name=throwing`);
    expect(heard.map(({ frames, sum }) => [frames, sum])).toEqual(Array(6).fill([100, 4950 - 30]));
    expect(metrics.get('sink_lost_frames_total{sink="throwing"}')).toBe(6);
    expect(metrics.get('sink_errors_total{sink="throwing"}')).toBe(6);
    expect(gateway.log.filter(({ msg }) => msg === 'sink error')[0]).toMatchObject({
      sink: 'throwing',
      error: 'not 30',
    });
  });

  it('whose thread dies is started again, with its numbers as they were at the last flush; no other sink notices', async () => {
    const { heard, metrics, gateway } = await run(`module:${file}?diesAt=40&name=dying`);
    expect(heard).toHaveLength(6);
    // What was written before the last flush was not written again: the sum has every frame once.
    for (const one of heard)
      expect(one).toMatchObject({ framesRead: 100, framesLapped: 0, sum: 4950, isRestart: true });
    expect(metrics.get('sink_restarts_total{sink="dying"}')).toBe(1);
    expect(metrics.get('sink_frames_total{sink="dying"}')).toBe(600);
    expect(metrics.get('messages_total{outcome="dropped"}')).toBe(0);
    const [pcm] = [...metrics.keys()].filter((name) => name.startsWith('sink_errors_total{sink="pcm:'));
    expect(metrics.get(pcm!)).toBe(0);
    expect(gateway.log.some(({ msg }) => msg === 'sink thread died')).toBe(true);
  });

  it('prints to standard error: standard output is the log', async () => {
    const { gateway } = await run(`module:${file}?name=x`, 1);
    expect(gateway.log.every((line) => typeof line.msg === 'string')).toBe(true);
    expect(gateway.stderr).toContain('"streams":1');
  });
});

describe('a module that cannot be a sink ends the gateway with exit code 5 and says why', () => {
  const folder = new URL('.', import.meta.url).pathname;
  it.each([
    ['throws at the start', `${file}?start=throws`, 'no model'],
    ['is not there', `${folder}nowhere.ts`, 'Cannot find module'],
    ['has no default export', `${folder}../../src/base/wav.ts`, 'has no default export'],
  ])('%s', async (_why, text, message) => {
    const { code, stderr } = await runCommand(['--port', '0', '--admin-port', '0', '--sink', `module:${text}`]);
    expect([code, stderr]).toEqual([5, expect.stringContaining(message)]);
  });
});

describe('its text', () => {
  it.each([
    ['module:./a.ts', { name: 'module:./a.ts', file: './a.ts', options: {} }],
    ['module:/x/b.mjs?k=v&name=mine', { name: 'mine', file: '/x/b.mjs', options: { k: 'v' } }],
  ])('%s', (text, expected) => expect(parseSink(text)).toEqual({ kind: 'module', ...expected }));

  it.each(['module:', 'module:./a', 'module:./a.json', 'module:./a.ts?name=', 'module:./a.ts?name=a%20b'])(
    '%s is refused',
    (text) => expect(parseSink(text)).toHaveProperty('problem'),
  );
});
