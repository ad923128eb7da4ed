/** A process that dies or hangs is replaced, and costs its own calls only; a parent that dies leaves nobody behind. */
import { expect, test } from 'vitest';
import { inexactExitCode } from '../../src/base/errors.ts';
import { audio } from '../support/acs-client.ts';
import { eventually, type GatewayProcess } from '../support/gateway-process.ts';
import { callIn, isAlive, pidOf, pidsOf, startSeveral, streamsOf } from './several.ts';

/** What has counted something, by name and labels. */
async function counters(gateway: GatewayProcess): Promise<ReadonlyMap<string, number>> {
  const metrics = await gateway.metrics();
  // Those of one process end with it.
  return new Map(
    [...metrics].filter(([name]) => /_(total|bucket|count)(\{|$)/.test(name) && !name.includes('process=')),
  );
}

async function expectLoss(gateway: GatewayProcess, msg: string, cause: string, lose: (pid: number) => void) {
  const calls = [await callIn(gateway, 0, 'here'), await callIn(gateway, 1, 'there')] as const;
  for (let frame = 1; frame < 20; frame++) for (const call of calls) call.send(audio(frame));
  await eventually(async () => (await gateway.metrics()).get('messages_total{outcome="committed"}') === 40);
  const before = await counters(gateway);
  const lost = pidOf(gateway, 1);
  lose(lost);
  await eventually(() => gateway.log.some((record) => record.msg === msg));
  expect(gateway.log.find((record) => record.msg === msg)).toMatchObject({ process: 1, pid: lost });
  expect(await calls[1].closed).toBe(1006);
  await eventually(() => pidOf(gateway, 1) !== lost);
  expect(isAlive(lost)).toBe(false);

  const after = await counters(gateway);
  for (const [name, value] of before) expect(after.get(name), name).toBeGreaterThanOrEqual(value);
  expect(after.get(`process_restarts_total{cause="${cause}"}`)).toBe(1);
  await eventually(async () => (await gateway.metrics()).get('processes') === 2);
  // The other process has noticed nothing, and the new one takes calls; which one it continues is known.
  calls[0].send(audio(20));
  const again = await callIn(gateway, 1, 'there');
  await eventually(async () => {
    const streams = await streamsOf(gateway);
    return streams.some(({ callConnectionId, continues }) => callConnectionId === 'there' && continues?.process === 1);
  });
  await calls[0].hangUp();
  await again.hangUp();
  await eventually(async () => (await gateway.metrics()).get('streams_active') === 0);
  const { code, last } = await gateway.drain();
  expect(code).toBe(0);
  expect(last).toMatchObject({ msg: 'drained', committed: 22, processesLost: 1 });
}

test('a process that is killed is replaced; calls of the other one continue, and no sum goes backwards', async () => {
  await expectLoss(await startSeveral(), 'process died', 'died', (pid) => process.kill(pid, 'SIGKILL'));
});

test('a process that hangs is noticed, named and replaced', async () => {
  const gateway = await startSeveral('--thread-timeout-ms', '5000');
  await expectLoss(gateway, 'process hangs', 'hung', (pid) => process.kill(pid, 'SIGSTOP'));
});

test('a process that hangs keeps nobody from the answers of the others', async () => {
  const gateway = await startSeveral('--thread-timeout-ms', '60000');
  const calls = [await callIn(gateway, 0, 'here'), await callIn(gateway, 1, 'there')];
  const before = await gateway.metrics();
  process.kill(pidOf(gateway, 1), 'SIGSTOP');
  expect(await (await gateway.admin('/readyz')).json()).toEqual({ status: 'ready' });
  expect((await streamsOf(gateway)).map(({ callConnectionId }) => callConnectionId)).toEqual(['here']);
  expect((await gateway.metrics()).get('messages_received_total')).toBe(before.get('messages_received_total'));
  process.kill(pidOf(gateway, 1), 'SIGCONT');
  await eventually(async () => (await streamsOf(gateway)).length === 2);
  for (const call of calls) await call.hangUp();
});

test('when the parent is killed its processes drain and end, and their last words reach its output', async () => {
  const gateway = await startSeveral('--drain-timeout-ms', '60000');
  const calls = [await callIn(gateway, 0, 'here'), await callIn(gateway, 1, 'there')];
  const pids = pidsOf(gateway);
  gateway.signal('SIGKILL');
  await eventually(() => gateway.log.filter(({ msg }) => msg === 'draining').length === 2);
  expect(pids.filter(isAlive)).toEqual(pids);
  // They have left the port, so that another parent can have it while their calls continue.
  const next = await startSeveral('--port', String(gateway.port));
  const other = await callIn(next, 0, 'elsewhere');
  expect(await other.hangUp()).toBe(1000);
  for (const call of calls) {
    call.send(audio(1));
    expect(await call.hangUp()).toBe(1000);
  }
  await eventually(() => pids.filter(isAlive).length === 0);
  await gateway.exit();
  const drained = gateway.log.filter(({ msg }) => msg === 'drained');
  expect(drained.map((record) => [record['process'], record['committed']]).sort()).toEqual([
    [0, 2],
    [1, 2],
  ]);
  expect(gateway.log.filter(({ msg }) => msg === 'parent process lost')).toHaveLength(2);
});

test('processes whose parent stands still continue, and cost no memory for what it does not hear', async () => {
  const gateway = await startSeveral();
  const call = await callIn(gateway, 0, 'here');
  gateway.signal('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  call.send(audio(1));
  gateway.signal('SIGCONT');
  await eventually(async () => (await gateway.metrics()).get('messages_total{outcome="committed"}') === 2);
  expect(gateway.log.some(({ msg }) => msg === 'process hangs')).toBe(false);
  await call.hangUp();
  expect((await gateway.drain()).code).toBe(0);
});

test('a drain with a process that hangs ends all the same, and says that its account is not whole', async () => {
  const gateway = await startSeveral('--thread-timeout-ms', '5000');
  process.kill(pidOf(gateway, 1), 'SIGSTOP');
  const { code, last } = await gateway.drain();
  expect(code).toBe(inexactExitCode);
  expect(last).toMatchObject({ msg: 'drained, but the accounting identity is broken', processesLost: 1 });
  expect(pidsOf(gateway).filter(isAlive)).toEqual([]);
});
