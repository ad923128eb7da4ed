/** What pages see of the calls. */
import { expect, onTestFinished, test } from 'vitest';
import type { Slice } from '../../src/console/wire.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { ConsoleClient, token } from './console-client.ts';
import { Talker, tone } from './talker.ts';

async function start(
  ...flags: string[]
): Promise<{ readonly gateway: GatewayProcess; readonly client: ConsoleClient }> {
  const gateway = await GatewayProcess.start('--console', '--workers', '1', '--ring-memory-mb', '64', ...flags);
  onTestFinished(() => gateway.kill());
  const secret = flags.includes('--admin-token') ? token : null;
  return { gateway, client: await ConsoleClient.login(gateway.adminPort, secret) };
}

async function call(gateway: GatewayProcess, id: string, query = ''): Promise<Talker> {
  const talker = await Talker.call(gateway.url + query, id);
  onTestFinished(() => talker.hangUp());
  return talker;
}

const decibelsOf = (amplitude: number) => 20 * Math.log10(amplitude / 32_768);

test('rows appear, are searched, sorted and counted, and go', async () => {
  const { gateway, client } = await start('--label-query', 'order');
  const page = await client.page();
  expect(await page.overview({})).toMatchObject({ found: 0, rows: [], totals: { streams: 0, framesPerSecond: 0 } });

  const names = ['bravo', 'alpha', 'charlie'];
  const talkers: Talker[] = [];
  for (const [i, name] of names.entries()) {
    const talker = await call(gateway, name, `?order=Nr-${i}`);
    for (let participant = 0; participant <= i; participant++)
      talker.says.set(`4:+1555010${i}${participant}`, () => tone(1000 * 4 ** i));
    talkers.push(talker);
  }
  const all = await page.overview(
    { sort: 'callId' },
    ({ found, rows }) => found === 3 && rows.every(({ participants, levels }) => participants > 0 && levels[0]! > -90),
  );
  expect(all.rows.map(({ callId }) => callId)).toEqual(['alpha', 'bravo', 'charlie']);
  const [alpha] = all.rows;
  const [report] = (await gateway.streams()).filter(({ callConnectionId }) => callConnectionId === 'alpha');
  expect(alpha).toMatchObject({
    id: report!.id,
    correlationId: 'correlation of alpha',
    labels: { order: 'Nr-1' },
    mode: 'unmixed',
    sampleRate: 16_000,
    connectedAt: report!.connectedAt,
    state: 'open',
    participants: 2,
    missingFrames: 0,
    droppedMessages: 0,
    playback: null,
  });
  for (const level of alpha!.levels) expect(level).toBeCloseTo(decibelsOf(4000), 0);

  const sorted = async (want: Parameters<typeof page.overview>[0]) =>
    (
      await page.overview(want, ({ rows, first }) => rows.length === (want.count ?? 3) && first === (want.first ?? 0))
    ).rows.map(({ callId }) => callId);
  page.updates.length = 0;
  for (const [want, order] of [
    [{ sort: 'level' }, ['bravo', 'alpha', 'charlie']],
    [{ sort: 'participants', descending: true }, ['charlie', 'alpha', 'bravo']],
    [{ sort: 'label' }, ['bravo', 'alpha', 'charlie']],
    [{ sort: 'connectedAt', descending: true }, ['charlie', 'alpha', 'bravo']],
    [{ sort: 'callId', first: 1, count: 2 }, ['bravo', 'charlie']],
    [{ sort: 'callId', first: 2, count: 1 }, ['charlie']],
  ] as const)
    await eventually(async () => JSON.stringify(await sorted(want)) === JSON.stringify(order));

  for (const [search, found] of [
    ['ALPH', ['alpha']],
    ['nr-2', ['charlie']],
    ['5550102', ['charlie']],
    ['correlation of', ['alpha', 'bravo', 'charlie']],
    ['nobody', []],
  ] as const) {
    const { rows } = await page.overview({ sort: 'callId', search }, (update) => update.found === found.length);
    expect(rows.map(({ callId }) => callId)).toEqual(found);
  }
  const lively = await page.overview({ states: ['open', 'stalled'] }, ({ found }) => found === 3);
  expect(lively.totals).toMatchObject({ streams: 3, participants: 6, listeners: 0, speakingStreams: 0, sinks: [] });
  await page.overview({ states: ['waiting'] }, ({ found }) => found === 0);
  const { totals } = await page.overview({}, (update) => update.totals.framesPerSecond > 100);
  expect(totals.residenceP99Ms).toBeGreaterThan(0);
  expect(totals.eventLoopDelayP99Ms).toBeGreaterThanOrEqual(0);

  for (const talker of talkers.slice(0, 2)) await talker.hangUp();
  const left = await page.overview({}, ({ found }) => found === 1);
  expect(left.rows[0]!.callId).toBe('charlie');
});

test('a call shows who spoke when, gaps and pauses, its account, and that it is gone', async () => {
  const { gateway, client } = await start();
  const talker = await call(gateway, 'one');
  let isLoud = false;
  talker.says.set('speaker', () => tone(isLoud ? 8192 : 0));
  talker.says.set('silent', () => tone(0));
  // Three frames of each hundred are lost on the way.
  talker.says.set('lossy', (frame) => (frame % 100 >= 40 && frame % 100 < 43 ? null : tone(256)));
  await eventually(async () => (await gateway.streams())[0]?.participants.length === 3);
  const [stream] = await gateway.streams();
  const page = await client.page({ want: 'call', stream: stream!.id });
  await page.until('call', ({ tracks }) => tracks.length === 3);
  const quietUntil = page.calls.at(-1)!.now;
  isLoud = true;
  await page.until('call', ({ tracks }) => tracks[0]!.level > -20);
  await page.until('call', ({ now }) => now > quietUntil + 150);
  isLoud = false;
  const last = await page.until('call', ({ tracks, now }) => tracks[0]!.level === -96 && now > quietUntil + 200);

  expect(last.row).toMatchObject({
    id: stream!.id,
    callId: 'one',
    participants: 3,
    levels: [-96, -96, expect.any(Number)],
  });
  expect(Math.abs(Date.parse(last.startedAt!) - Date.parse(stream!.connectedAt))).toBeLessThan(60_000);
  expect(last.tracks.map(({ participant, id }) => [participant, id])).toEqual([
    [0, 'speaker'],
    [1, 'silent'],
    [2, 'lossy'],
  ]);
  const slices = (track: number) => page.calls.flatMap(({ tracks }) => tracks[track]?.slices ?? []);
  expect(slices(1).every(({ low, high, is }) => low === 0 && high === 0 && is === 's')).toBe(true);
  const loud = slices(0).filter(({ high }) => high !== 0);
  expect(loud.length).toBeGreaterThan(100);
  for (const { low, high } of loud) expect([low, high]).toEqual([-32, 32]);
  // One stretch, without a hole: speech begins, and ends.
  expect(loud.at(-1)!.at - loud[0]!.at).toBe(loud.length - 1);
  expect(loud[0]!.at).toBeGreaterThanOrEqual(quietUntil - 100);
  const gaps = slices(2).filter(({ is }) => is === 'g');
  expect(gaps.length).toBeGreaterThan(0);
  expect(last.tracks[2]!.missingFrames % 3).toBe(0);
  // What is told of all tracks lies on one axis.
  const ends = last.tracks.map(({ participant }) => slices(participant).at(-1)!.at);
  expect(Math.max(...ends) - Math.min(...ends)).toBeLessThanOrEqual(5);
  expectAscending(slices(0));

  const report = last.report as unknown as typeof stream;
  expect(report).toMatchObject({ id: stream!.id, callConnectionId: 'one', dropped: { malformed_json: 0 } });
  expect(last.spoken).toBeNull();
  await talker.hangUp();
  await page.until('gone', (gone) => gone.stream === stream!.id);
  page.want({ want: 'call', stream: 'never-was' });
  await page.until('gone', (gone) => gone.stream === 'never-was');
});

function expectAscending(slices: readonly Slice[]): void {
  for (let i = 1; i < slices.length; i++) expect(slices[i]!.at).toBe(slices[i - 1]!.at + 1);
}

test('what a page sends that is none of its wishes is refused, and a flood of it ends the page', async () => {
  const { client } = await start();
  const page = await client.page();
  for (const [wrong, why] of [
    ['{', 'expected JSON'],
    ['null', 'want: expected overview or call'],
    [{ want: 'all' }, 'want: expected overview or call'],
    [{ want: 'call' }, 'stream: expected the id of a row'],
    [{ want: 'overview' }, 'sort: expected one of connectedAt, '],
  ] as const) {
    page.want(wrong);
    await page.until('refused', (refused) => refused.why.startsWith(why));
  }
  // It is still there.
  await page.overview({});
  for (let i = 0; i < 200; i++) page.want('{}');
  expect(await page.closed).toBe(1008);
  const long = await client.page();
  long.want('x'.repeat(5000));
  expect(await long.closed).toBe(1009);
});

test('the thread runs only while a page is open', async () => {
  const { gateway, client } = await start();
  const threads = async () =>
    (await import('node:fs/promises')).readdir(`/proc/${gateway.pid}/task`).then(({ length }) => length);
  const before = await threads();
  const page = await client.page();
  await page.overview({});
  expect(await threads()).toBeGreaterThan(before);
  page.socket.close();
  await page.closed;
  await eventually(async () => (await threads()) === before);
  const again = await client.page();
  await again.overview({});
  expect(await threads()).toBeGreaterThan(before);
});

test('a gateway with open pages drains in time', async () => {
  const { gateway, client } = await start('--drain-timeout-ms', '500');
  const page = await client.page();
  await page.overview({});
  const { code } = await gateway.drain();
  expect(code).toBe(0);
  expect(await page.closed).toBe(1001);
});
