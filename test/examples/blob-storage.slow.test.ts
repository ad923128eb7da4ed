/** Finished calls are copied to Azure Blob Storage, here Azurite's, byte by byte. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { expect, it, onTestFinished } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { freePort } from '../support/free-ports.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

const root = resolve(import.meta.dirname, '../..');
/** Azurite's own, known to everybody. */
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

async function startAzurite(): Promise<string> {
  const port = await freePort();
  const folder = temporaryFolder();
  const flags = ['--blobPort', String(port), '--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry'];
  const args = [join(root, 'node_modules/azurite/dist/src/blob/main.js'), ...flags];
  const azurite: ChildProcess = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    azurite.kill('SIGKILL');
    if (azurite.exitCode === null && azurite.signalCode === null) await once(azurite, 'close');
  });
  let said = '';
  azurite.stdout!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await eventually(() => said.includes('successfully listens') || azurite.exitCode !== null);
  expect(azurite.exitCode, said).toBeNull();
  const endpoint = `http://127.0.0.1:${port}/${account}`;
  return `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};`;
}

it('copies every file of every finished call, and overwrites nothing', async () => {
  const connectionString = await startAzurite();
  const folder = temporaryFolder();
  const recordings = join(folder, 'recorded');
  const program = join(folder, 'upload');
  const script = join(root, 'examples/blob-storage/main.ts');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${script}'\n`);
  chmodSync(program, 0o755);
  const env = { AZURE_STORAGE_CONNECTION_STRING: connectionString };
  const flags = ['--sink', `wav:${recordings}?call=multichannel`, '--on-recording', program];
  const gateway = await GatewayProcess.startIn(env, ...flags);
  onTestFinished(() => gateway.kill());
  await simulateCalls({ url: gateway.url, calls: 3, participants: 2, durationMs: 1000, seed: 1 });
  const calls = () => gateway.log.filter(({ msg }) => msg === 'call recorded').length;
  await eventually(async () => {
    const done = (await gateway.metrics()).get('recording_commands_total{outcome="done"}')!;
    return calls() > 0 && done === calls();
  });
  expect(gateway.log.filter(({ msg }) => msg === 'on-recording failed')).toEqual([]);

  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient('recordings');
  const blobs = new Map<string, Buffer>();
  for await (const { name } of container.listBlobsFlat()) {
    blobs.set(name, await container.getBlobClient(name).downloadToBuffer());
  }
  const files = new Map([...filesBelow(recordings, '.wav'), ...filesBelow(recordings, '.json')]);
  expect([...blobs.keys()].sort()).toEqual([...files.keys()].sort());
  for (const [name, bytes] of files) expect(blobs.get(name)!.equals(bytes), name).toBe(true);
  expect((await gateway.drain()).code).toBe(0);

  // Told of the same call again, of which somebody has changed a file.
  const [name] = [...files.keys()].filter((each) => each.endsWith('call.wav'));
  const path = join(recordings, name!);
  appendFileSync(path, 'changed');
  const input = JSON.stringify({ streamId: 's', folder: dirname(path), complete: true, files: [{ path }] });
  const again = spawnSync(program, { input, env: { ...process.env, ...env }, encoding: 'utf8' });
  expect([again.status, again.stdout]).toEqual([0, `${dirname(path)}: 0 files copied\n`]);
  expect((await container.getBlobClient(name!).downloadToBuffer()).equals(files.get(name!)!)).toBe(true);
});
