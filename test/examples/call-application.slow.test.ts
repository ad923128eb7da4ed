/** The call application as a user runs it, with the real SDK, against ACS's REST side played over TLS, and the real gateway. */
import { type ChildProcess, spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { startGateway } from '../../src/index.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { AcsRest } from './acs-rest.ts';

const entry = new URL('../../examples/call-application/typescript/call-app.ts', import.meta.url).pathname;
const secret = 'known to ACS and to us';

class Application {
  output = '';
  readonly child: ChildProcess;

  private constructor(acs: AcsRest, env: Record<string, string>, args: readonly string[]) {
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
      env: {
        ...process.env,
        ACS_CONNECTION_STRING: acs.connectionString,
        APP_URL: 'https://app.example.com',
        APP_SECRET: secret,
        ACS_PHONE_NUMBER: '+15555550100',
        NODE_EXTRA_CA_CERTS: acs.writeCertificate(temporaryFolder()),
        PORT: '0',
        ...env,
      },
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  static async start(acs: AcsRest, env: Record<string, string>, ...args: readonly string[]): Promise<Application> {
    const application = new Application(acs, { GATEWAY_URL: 'wss://gateway.example.com/audio', ...env }, args);
    await eventually(() => /^listening /m.test(application.output));
    return application;
  }

  async post(path: string, body: unknown, given = secret): Promise<{ status: number; body: unknown }> {
    const { port } = JSON.parse(/^listening (.*)$/m.exec(this.output)![1]!) as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}${path}?secret=${encodeURIComponent(given)}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  event(type: string, data: object = {}) {
    const event = { type: `Microsoft.Communication.${type}`, data: { callConnectionId: 'call-1', ...data } };
    return this.post('/callbacks', [event]);
  }
}

function incomingCall(incomingCallContext: string): object[] {
  return [{ eventType: 'Microsoft.Communication.IncomingCall', data: { incomingCallContext } }];
}

it('takes part in Event Grid, answers a call with a stream both ways to the gateway, and starts, stops and ends it', async () => {
  const gateway = await startGateway({ port: 0, adminPort: 0, logLevel: 'silent', workers: 1 });
  onTestFinished(async () => void (await gateway.stop()));
  const acs = await AcsRest.listen();
  const gatewayUrl = `ws://127.0.0.1:${gateway.port}/audio`;
  const application = await Application.start(acs, { GATEWAY_URL: gatewayUrl, START_LATER: '1' });

  const validation = { eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationCode: 'v-1' } };
  expect(await application.post('/incoming', [validation])).toEqual({
    status: 200,
    body: { validationResponse: 'v-1' },
  });
  expect((await application.post('/incoming', incomingCall('context'))).status).toBe(200);
  const [answered] = acs.requests;
  expect(answered).toMatchObject({
    method: 'POST',
    path: '/calling/callConnections:answer',
    body: {
      incomingCallContext: 'context',
      callbackUri: `https://app.example.com/callbacks?secret=${encodeURIComponent(secret)}`,
      mediaStreamingOptions: {
        transportUrl: gatewayUrl,
        transportType: 'websocket',
        audioFormat: 'pcm16KMono',
        enableBidirectional: true,
        startMediaStreaming: false,
      },
    },
  });

  await application.event('CallConnected');
  expect(acs.requests[1]!.path).toBe('/calling/callConnections/call-1:startMediaStreaming');
  // ACS dials what it was told.
  const frames = new Promise((resolve) => gateway.once('participant', resolve));
  const client = await AcsClient.connect(answered!.body.mediaStreamingOptions.transportUrl, {
    'x-ms-call-connection-id': 'call-1',
  });
  client.send(metadata('stream'), audio(0));
  await application.event('MediaStreamingStarted');
  await frames;
  await client.hangUp();

  expect((await application.post('/calls/call-1/stop', {})).status).toBe(200);
  expect((await application.post('/calls/call-1/start', {})).status).toBe(200);
  expect((await application.post('/calls/call-1/hang-up', {})).status).toBe(200);
  expect(acs.requests.slice(2).map(({ path }) => path.split(':')[1])).toEqual([
    'stopMediaStreaming',
    'startMediaStreaming',
    'terminate',
  ]);
  await application.event('CallDisconnected');
  expect(acs.unsigned).toEqual([]);
  expect(application.output).not.toContain(acs.key);
  expect(application.output).toContain('Microsoft.Communication.CallDisconnected call-1');
});

it('starts the stream again that has failed, survives what ACS refuses, and lets in nobody who does not know the secret', async () => {
  const acs = await AcsRest.listen();
  const application = await Application.start(acs, {});
  acs.failures.push(400);
  expect((await application.post('/incoming', incomingCall('context'))).status).toBe(200);
  await application.event('MediaStreamingFailed', { resultInformation: { code: 400, subCode: 8581 } });
  await eventually(() => acs.requests.length === 2);
  expect(acs.requests[1]!.path).toBe('/calling/callConnections/call-1:startMediaStreaming');
  expect((await application.post('/incoming', incomingCall('context'), 'a guess')).status).toBe(404);
  expect((await application.post('/elsewhere', {})).status).toBe(404);
  expect((await application.post('/calls/call-1/stop', {}, '')).status).toBe(404);
  expect((await application.post('/callbacks', 'no list')).status).toBe(500);
  expect(acs.requests.length).toBe(2);
});

it('calls a phone', async () => {
  const acs = await AcsRest.listen();
  await Application.start(acs, {}, '+15555550101');
  await eventually(() => acs.requests.length === 1);
  expect(acs.requests[0]).toMatchObject({
    path: '/calling/callConnections',
    body: {
      targets: [{ phoneNumber: { value: '+15555550101' } }],
      sourceCallerIdNumber: { value: '+15555550100' },
      mediaStreamingOptions: { enableBidirectional: true, startMediaStreaming: true },
    },
  });
});
