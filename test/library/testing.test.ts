/** `acs-audio-gateway/testing` as the tests of another server use it, and on a machine where uWebSockets.js cannot be had. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { encodeWavHeader } from '../../src/base/wav.ts';
import { checkServer, decodeWav, fileAudio, scenarios, startCalls } from '../../src/testing.ts';
import { temporaryFolder } from '../support/folders.ts';
import { entry } from '../support/gateway-process.ts';

/** Somebody's server: counts frames, and says every one of them back. */
async function startServer() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  let frames = 0;
  server.on('connection', (socket) => {
    socket.on('message', (message) => {
      const { kind, audioData } = JSON.parse(message.toString());
      if (kind !== 'AudioData') return;
      frames++;
      socket.send(JSON.stringify({ kind: 'AudioData', audioData: { data: audioData.data } }));
    });
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get frames() {
      return frames;
    },
    get calls() {
      return server.clients.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((done) => server.close(done));
    },
  };
}

it('takes every frame, and each caller hears an answer', async () => {
  await using server = await startServer();
  await using calls = startCalls({ url: server.url, calls: 3, durationMs: 1000, loss: 0.1, seed: 7 });
  const report = await calls.ended;
  expect(report.ok).toBe(true);
  expect(server.frames).toBe(report.expected.frames);
  for (const { participants, heard } of report.perCall) {
    expect(heard?.frames.received).toBe(participants[0]?.frames);
  }
});

it('survives what ACS does', async () => {
  await using server = await startServer();
  const some = scenarios.filter(({ name }) => ['clean-call', 'unmixed'].includes(name));
  const { ok, scenarios: results } = await checkServer({ url: server.url, scenarios: some });
  expect(results.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  expect(ok).toBe(true);
});

it('keeps what a caller heard as a recording, of audio that the test has chosen', async () => {
  const folder = temporaryFolder();
  await using server = await startServer();
  const tone = Int16Array.from({ length: 16_000 }, (_, i) => 8000 * Math.sin(i / 5));
  const wav = Buffer.concat([encodeWavHeader(16_000, tone.byteLength), Buffer.from(tone.buffer)]);
  const audio = fileAudio(wav, 'tone', 16_000);
  await using calls = startCalls({ url: server.url, durationMs: 400, audio, saveHeard: folder });
  const [call] = (await calls.ended).perCall;
  const received = decodeWav(readFileSync(join(call!.heard!.folder!, 'received.wav')));
  expect(received.samples).toEqual(tone.subarray(0, received.samples.length));
  // Nobody hears what comes after the hang-up: the answer to the last frames.
  expect(received.samples.length).toBeGreaterThan(0);
  expect(received.samples.length).toBeLessThanOrEqual(6400);
});

it('hangs up when it is stopped, and at the end of the block', async () => {
  await using server = await startServer();
  {
    await using calls = startCalls({ url: server.url, durationMs: 600_000 });
    while (server.frames < 5) await new Promise((done) => setTimeout(done, 20));
    const { interrupted, expected } = await calls.stop();
    expect([interrupted, expected.frames]).toEqual([true, server.frames]);
  }
  {
    await using _calls = startCalls({ url: server.url, durationMs: 600_000 });
    while (server.calls === 0) await new Promise((done) => setTimeout(done, 20));
  }
  while (server.calls > 0) await new Promise((done) => setTimeout(done, 20));
});

it('refuses options that contradict themselves before anything is dialled', async () => {
  await expect(startCalls({ url: 'http://a', calls: 0 }).ended).rejects.toMatchObject({ code: 'bad_settings' });
});

it('loads and plays where there is no uWebSockets.js, nor anything else but ws', async () => {
  await using server = await startServer();
  const modules = join(temporaryFolder(), 'node_modules');
  const built = resolve(entry, '../..');
  mkdirSync(modules);
  mkdirSync(join(modules, 'acs-audio-gateway'));
  for (const part of ['package.json', 'dist']) {
    cpSync(join(built, part), join(modules, 'acs-audio-gateway', part), { recursive: true });
  }
  symlinkSync(resolve(import.meta.dirname, '../../node_modules/ws'), join(modules, 'ws'));
  const program = join(modules, '../program.mjs');
  writeFileSync(
    program,
    `import { startCalls } from 'acs-audio-gateway/testing';
     const { ok, expected } = await startCalls({ url: process.argv[2], durationMs: 100 }).ended;
     console.log(JSON.stringify([ok, expected.frames]));`,
  );
  const child = spawn(process.execPath, [program, server.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(JSON.parse(Buffer.concat(output).toString())).toEqual([true, 5]);
  const index = spawnSync(process.execPath, ['-e', "import('acs-audio-gateway')"], { cwd: join(modules, '..') });
  expect(index.stderr.toString()).toContain('ERR_MODULE_NOT_FOUND');
});
