/** A gateway in a user's own process whose decode workers cannot be started: the process is told, and lives. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { faultMessage } from '../decoder/faulty-decoder.ts';
import { AcsClient, audio } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { Program } from './program.ts';

it('tells its program after a minute, keeps trying, and continues when that succeeds', async () => {
  const faultyStart = join(temporaryFolder(), 'faulty-start');
  const program = await Program.startWith(['decoder/faulty-decoder'], { FAULTY_START: faultyStart });
  const client = await AcsClient.connect(program.url);
  writeFileSync(faultyStart, 'exit');
  client.send(faultMessage('exit'), audio(0));
  await eventually(() => program.of('failed').length === 1);
  expect(program.of('failed')).toMatchObject([{ code: 'decoding_failed' }]);
  rmSync(faultyStart);
  await eventually(async () => (await program.metric('degraded')) === 0);
  await eventually(async () => (await program.metric('frames_committed_total')) === 1);
  await client.hangUp();
  expect(await program.stop()).toMatchObject({ isExact: true, account: { received: 2, committed: 1, unaccounted: 0 } });
});
