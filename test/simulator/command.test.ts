import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeWavHeader } from '../../src/base/wav.ts';
import { simulate } from '../../src/cli/simulate.ts';
import { simulateSettings } from '../../src/cli/simulate-settings.ts';
import { flagName } from '../../src/config/setting.ts';
import { RecordingServer } from './support/server.ts';

async function run(argv: readonly string[], options: { isTty?: boolean; stopped?: AbortSignal } = {}) {
  let stdout = '';
  let stderr = '';
  const code = await simulate(argv, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    stopped: options.stopped ?? new AbortController().signal,
    isTty: options.isTty ?? false,
  });
  return { code, stdout, stderr };
}

describe('simulate', () => {
  it('explains every flag with --help, wherever it stands', async () => {
    const { code, stdout } = await run(['--calls', '2', '--help']);
    expect(code).toBe(0);
    for (const key of Object.keys(simulateSettings)) expect(stdout).toContain(`  ${flagName(key)}`);
  });

  it('plays a run, sums it up, and exits with 0', async () => {
    await using server = await RecordingServer.start();
    const argv = ['--calls', '2', '--participants', '2', '--duration', '100ms', '--seed', '4', '--loss', '0.5'];
    const { code, stdout, stderr } = await run([
      '--url',
      server.url,
      ...argv,
      '--header',
      'X-Test:  a: b',
      '--token',
      't',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^calls {5}2 dialled, 2 ran to their end\nsent {6}\d+ frames in \d+ messages/);
    expect(stdout).toMatch(/\nclosed {4}1000 \(2\)\nrefused {3}none\n/);
    expect(stdout).toMatch(/\nseed {6}4\nok\n$/);
    expect(server.calls[0]!.headers).toMatchObject({ 'x-test': 'a: b', authorization: 'Bearer t' });
  });

  it('prints exactly one JSON document with --report json', async () => {
    await using server = await RecordingServer.start();
    const { code, stdout } = await run(['--url', server.url, '--duration', '60ms', '--report', 'json']);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n').length).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      reportVersion: 1,
      ok: true,
      expected: { frames: 3 },
      sent: { audioFrames: 3 },
    });
  });

  it('draws a seed when none is given, and reports it', async () => {
    await using server = await RecordingServer.start();
    const seed = async () =>
      JSON.parse((await run(['--url', server.url, '--duration', '20ms', '--report', 'json'])).stdout).settings.seed;
    expect(await seed()).not.toBe(await seed());
  });

  it('never shows what may be a secret', async () => {
    await using server = await RecordingServer.start();
    const url = `${server.url}/SECRET-1?accesstoken=SECRET-2`;
    const argv = ['--duration', '20ms', '--token', 'SECRET-3', '--header', 'X-Key: SECRET-4'];
    for (const extra of [[], ['--report', 'json'], ['--calls', 'x'], ['--insecure']]) {
      const { stdout, stderr } = await run(['--url', url, ...argv, ...extra]);
      expect(stdout + stderr).not.toContain('SECRET');
    }
  });

  it('exits with 1 when a call was refused, and says so at the end', async () => {
    await using server = await RecordingServer.start({ refuse: (n) => (n === 0 ? 503 : null) });
    const { code, stdout } = await run(['--url', server.url, '--calls', '2', '--duration', '60ms']);
    expect(code).toBe(1);
    expect(stdout).toContain('\nrefused   503 (1)\n');
    expect(stdout.endsWith('not ok:\n  1 call refused: HTTP 503 (1)\n')).toBe(true);
  });

  it('says in one line that the server cannot be reached', async () => {
    const server = await RecordingServer.start();
    const { url } = server;
    await server[Symbol.asyncDispose]();
    const { code, stdout, stderr } = await run(['--url', url, '--calls', '50']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `cannot reach ${url}: connection refused (ECONNREFUSED): is the server running, and is this its port?\n`,
    );
  });

  it('exits with 130 and the summary when it is stopped', async () => {
    await using server = await RecordingServer.start();
    const stop = new AbortController();
    const running = run(['--url', server.url, '--duration', '1h'], { stopped: stop.signal });
    await expect.poll(() => server.calls.length, { timeout: 60_000 }).toBe(1);
    stop.abort();
    const { code, stdout } = await running;
    expect(code).toBe(130);
    expect(stdout).toContain('the run was interrupted');
    expect(server.calls[0]!.closeCode).toBe(1000);
  });

  it('rewrites one line on a terminal, and takes it away at the end', async () => {
    await using server = await RecordingServer.start();
    const { stderr } = await run(['--url', server.url, '--duration', '1200ms'], { isTty: true });
    expect(stderr).toMatch(/^\r1\.\d s {2}1 call {2}\d+ frames[^\n]*\r {30,}\r$/);
  });
});

describe('--save-heard', () => {
  it('writes what the server said, and the summary says what was heard', async () => {
    const data = Buffer.alloc(640, 1).toString('base64');
    const message = `{"kind":"AudioData","audioData":{"data":"${data}","mark":{"id":"m"}}}`;
    await using server = await RecordingServer.start({ accepted: (call) => call.socket.send(message) });
    const folder = mkdtempSync(join(tmpdir(), 'simulate-'));
    const argv = ['--duration', '1s', '--save-heard', folder, '--marks', '--reconnect-every', '10s'];
    const { code, stdout } = await run(['--url', server.url, ...argv]);
    const files = readdirSync(folder, { recursive: true }).map((name) => basename(String(name)));
    rmSync(folder, { recursive: true });
    expect(code).toBe(0);
    expect(stdout).toContain('\nheard     1 frame in 1 utterance, at once\n');
    expect(stdout).toContain('\nmarks     1 completed\n');
    expect(files.slice(1).sort()).toEqual(['heard.wav', 'received.wav']);
  });
});

describe('bad settings', () => {
  it('are all named in one go, and nothing is dialled', async () => {
    const { code, stdout, stderr } = await run(['--url', 'ws://x', '--calls', '0', '--rate', '8000', '--los', '1']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('3 bad settings');
    for (const flag of ['"--los": unknown flag', '--calls: "0"', '--rate: "8000"']) expect(stderr).toContain(flag);
  });

  it.each([
    [[], '--url: required'],
    [['--url', 'http://x/audio'], '--url: write ws:// in place of http://'],
    [['--url', 'x:80'], '--url: expected an address with ws:// or wss://'],
    [['--url', 'ws://x/#a'], '--url: an address for WebSockets cannot have a # part'],
    [['--url', 'ws://x', '--insecure'], '--insecure: there is no certificate with ws://'],
    [['--url', 'ws://x', '--churn', '6'], '--churn 6: 1 calls can be replaced 5 times a second at most'],
    [['--url', 'ws://x', '--token', 't', '--header', 'authorization: u'], '--header Authorization: the token is sent'],
    [['--url', 'ws://x', '--header', 'Upgrade: h2c'], '--header Upgrade: the simulator sets it itself'],
    [['--url', 'ws://x', '--header', 'no colon'], "--header: the value given: expected a header such as 'Name: value'"],
    [['--url', 'ws://x', '--token', 'a\nb'], '--token: it has characters that no header can hold'],
  ])('%j are told with the remedy', async (argv, message) => {
    const { code, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('--audio', () => {
  it('plays the file from its beginning', async () => {
    await using server = await RecordingServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'simulate-'));
    const pcm = Buffer.alloc(640 * 2, 'abcdefgh');
    writeFileSync(join(folder, 'a.wav'), Buffer.concat([encodeWavHeader(16_000, pcm.length), pcm]));
    const { code } = await run(['--url', server.url, '--audio', join(folder, 'a.wav'), '--duration', '40ms']);
    rmSync(folder, { recursive: true });
    const data = server.calls[0]!.messages.slice(1).map(({ text }) => JSON.parse(text).audioData.data);
    expect(code).toBe(0);
    expect(Buffer.concat(data.map((text) => Buffer.from(text, 'base64'))).equals(pcm)).toBe(true);
  });

  it('exits with 8 and says what is wrong when the file is not usable', async () => {
    const { code, stderr } = await run(['--url', 'ws://x', '--audio', '/nowhere/a.wav']);
    expect(code).toBe(8);
    expect(stderr).toContain('/nowhere/a.wav: it cannot be read');
  });
});
