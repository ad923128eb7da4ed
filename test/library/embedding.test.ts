/** A gateway in a program: where its log goes, and the ways to stop it beside `stop()`. */
import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, test } from 'vitest';
import { type GatewayOptions, startGateway } from '../../src/index.ts';

const options: GatewayOptions = { port: 0, adminPort: 0, workers: 1, ringMemoryMb: 16 };

function collector(): { readonly stream: Writable; readonly text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream, text: () => text };
}

test('a stream gets the log as lines of JSON, at the level that was set', async () => {
  const { stream, text } = collector();
  const gateway = await startGateway({ ...options, log: stream });
  await gateway.stop();
  const records = text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records).toMatchObject([{ level: 'info', msg: 'draining', streams: 0 }]);

  const quiet = collector();
  await (await startGateway({ ...options, log: quiet.stream, logLevel: 'error' })).stop();
  expect(quiet.text()).toBe('');
});

test('a stream gets lines for people if they are asked for', async () => {
  const { stream, text } = collector();
  await (await startGateway({ ...options, log: stream, logFormat: 'pretty' })).stop();
  expect(text()).toMatch(/INFO {2}draining streams=0/);
});

test('a pino logger gets the records, with its own fields and level', async () => {
  const { stream, text } = collector();
  await (await startGateway({ ...options, log: pino({ base: { service: 'calls' } }, stream) })).stop();
  expect(JSON.parse(text())).toMatchObject({ service: 'calls', msg: 'draining' });
});

test('an aborted signal stops the gateway, and `stop` tells the account', async () => {
  const { stream } = collector();
  const controller = new AbortController();
  const gateway = await startGateway({ ...options, log: stream, signal: controller.signal });
  controller.abort();
  expect(await gateway.stop()).toMatchObject({ isExact: true, streamsCut: 0 });
  await expect(fetch(`http://127.0.0.1:${gateway.adminPort}/healthz`)).rejects.toThrow();
});

test('a signal aborted before or during the start leaves nothing behind', async () => {
  const { stream } = collector();
  const reason = new Error('not any more');
  await expect(startGateway({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const starting = startGateway({ ...options, log: stream, signal: controller.signal });
  controller.abort(reason);
  await expect(starting).rejects.toBe(reason);
});

test('`await using` stops the gateway at the end of the block', async () => {
  const { stream, text } = collector();
  let adminPort = 0;
  {
    await using gateway = await startGateway({ ...options, log: stream });
    adminPort = gateway.adminPort;
    expect((await fetch(`http://127.0.0.1:${adminPort}/healthz`)).status).toBe(200);
  }
  expect(text()).toContain('draining');
  await expect(fetch(`http://127.0.0.1:${adminPort}/healthz`)).rejects.toThrow();
});
