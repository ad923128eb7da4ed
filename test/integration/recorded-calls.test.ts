/** The end of a recording is told: in the log, and to a program that is run for each finished call. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { recordingCommands } from '../../src/base/limits.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

function program(folder: string, body: string): string {
  const path = join(folder, 'on recording; exit 1');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function start(folder: string, command: string, env = {}): Promise<GatewayProcess> {
  const sink = `wav:${join(folder, 'recorded')}?call=multichannel`;
  const gateway = await GatewayProcess.startIn(env, '--sink', sink, '--on-recording', command);
  onTestFinished(() => gateway.kill());
  return gateway;
}

test('every file of a finished call is named, with what is in it, and the program gets it on its standard input', async () => {
  const folder = temporaryFolder();
  const told = join(folder, 'told');
  mkdirSync(told);
  const command = program(folder, `cat > ${told}/$$; env > ${told}/environment-$$`);
  const gateway = await start(folder, command, { ACS_GATEWAY_ADMIN_TOKEN: 'SECRET' });
  await simulateCalls({ url: gateway.url, calls: 3, participants: 2, durationMs: 1000, seed: 1, loss: 0.1 });
  await eventually(() => readdirSync(told).filter((name) => !name.startsWith('e')).length === 3);
  expect((await gateway.drain()).code).toBe(0);

  const calls = readdirSync(told)
    .filter((name) => !name.startsWith('e'))
    .map((name) => JSON.parse(readFileSync(join(told, name), 'utf8')));
  for (const call of calls) {
    expect(call).toMatchObject({ complete: true, folder: join(folder, 'recorded', call.callConnectionId) });
    expect(call.files.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['call', 'participant', 'participant']);
    for (const file of call.files) {
      expect(existsSync(file.path)).toBe(true);
      const samples = (statSync(file.path).size - 80) / 2 / file.channels;
      expect(file.durationMs).toBe(Math.round(samples / 16));
      if (file.kind === 'participant') expect(file.frames + file.missing).toBe(samples / 320);
    }
    const record = gateway.log.find(({ msg, id }) => msg === 'stream ended' && id === call.streamId)!;
    const inLog = record['recordings'] as Record<string, unknown>[];
    const participants = call.files.filter(({ kind }: { kind: string }) => kind === 'participant');
    expect(
      inLog.map(({ folder, durationMs, frames, missing, lapped }) => [folder, durationMs, frames, missing, lapped]),
    ).toEqual(
      participants.map((file: Record<string, unknown>) => [
        call.folder,
        file['durationMs'],
        file['frames'],
        file['missing'],
        file['lapped'],
      ]),
    );
    // Ids of participants are not in the log.
    for (const { participantId } of participants) expect(JSON.stringify(gateway.log)).not.toContain(participantId);
    expect(gateway.log).toContainEqual(
      expect.objectContaining({
        msg: 'call recorded',
        streamId: call.streamId,
        complete: true,
        files: 3,
        hasCallFile: true,
      }),
    );
  }
  for (const name of readdirSync(told)) expect(readFileSync(join(told, name), 'utf8')).not.toContain('SECRET');
});

test('a program that fails is logged and counted, runs a few at a time, and one that is not there is as well', async () => {
  const folder = temporaryFolder();
  const marks = join(folder, 'marks');
  mkdirSync(marks);
  const body = `touch ${marks}/$$; ls ${marks} | wc -l >> ${folder}/counts; sleep 0.3; rm ${marks}/$$; echo out of order >&2; exit 3`;
  const gateway = await start(folder, program(folder, body));
  await simulateCalls({ url: gateway.url, calls: 12, participants: 1, durationMs: 200, seed: 2 });
  // A busy machine may have refused one.
  const calls = (await gateway.metrics()).get('upgrades_total{result="accepted"}')!;
  await eventually(async () => (await gateway.metrics()).get('recording_commands_total{outcome="failed"}') === calls);
  const counts = readFileSync(join(folder, 'counts'), 'utf8').trim().split('\n').map(Number);
  expect(Math.max(...counts)).toBeLessThanOrEqual(recordingCommands.most);
  const metrics = await gateway.metrics();
  const sink = `wav:${join(folder, 'recorded')}?call=multichannel`;
  expect(metrics.get(`recordings_total{sink="${sink}",kind="participant"}`)).toBe(calls);
  expect(metrics.get(`recordings_total{sink="${sink}",kind="call"}`)).toBe(calls);
  expect(metrics.get(`call_files_pending{sink="${sink}"}`)).toBe(0);
  expect((await gateway.drain()).code).toBe(0);
  expect(gateway.log).toContainEqual(
    expect.objectContaining({ msg: 'on-recording failed', error: 'exit code 3: out of order\n' }),
  );

  const other = await start(temporaryFolder(), join(folder, 'not there'));
  await simulateCalls({ url: other.url, calls: 1, participants: 1, durationMs: 200, seed: 2 });
  await eventually(() => other.log.some(({ msg }) => msg === 'on-recording failed'));
  expect((await other.drain()).code).toBe(0);
});
