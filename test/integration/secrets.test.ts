/**
 * Secrets planted wherever a peer or an operator can put one, and control characters wherever a peer can put those; then a
 * look through everything that comes out of the gateway: both streams of the process, metrics, streams, file names and
 * sidecars, answers, reasons of closes. The audio itself is in the recordings, and nowhere else.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ask } from '../churn/process-facts.ts';
import { closeFrame, frame } from '../fuzz/frame.ts';
import { RawPeer, upgradeRequest } from '../fuzz/raw-peer.ts';
import { audience, issuer, KeyServer, SigningKey } from '../socket/key-server.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { entry, eventually } from '../support/gateway-process.ts';

/** What must never come out, by what it is. */
const secrets = {
  token: 'tokenSECRETa1',
  secondToken: 'tokenSECRETb2',
  wrongBearer: 'bearerSECRETc3',
  wrongQuery: 'querySECRETd4',
  wrongPath: 'pathSECRETe5',
  adminToken: 'adminSECRETf6',
  wrongAdmin: 'adminSECRETg7',
  otherHeader: 'headerSECRETh8',
  cookie: 'cookieSECRETi9',
  unknownField: 'fieldSECRETj0',
  closeReason: 'reasonSECRETk1',
  binary: 'binarySECRETl2',
  pin: '739150864297531',
  pinWord: 'starSECRETm3',
} as const;

/** 20 ms of PCM that is a text when it is looked at as bytes. */
const speech = Buffer.alloc(640, 'audioSECRETn4!!!');
const speechBase64 = speech.toString('base64');
/** What of it would be told, however it was cut or written. */
const speechTraces = [
  'audioSECRETn4',
  speechBase64.slice(0, 24),
  speechBase64.slice(24, 48),
  speech.toString('hex', 0, 16),
];

/** What a peer may call itself, so that a log line, a terminal, a file or a page of metrics believes something else. */
const hostileIds = [
  'newline\n{"level":"error","msg":"forged"}',
  'return\r\nHTTP/1.1 200 OK',
  'ansi\u001b[2J\u001b]0;owned\u0007',
  'quote","msg":"forged","x":"',
  'nul\u0000byte\u007f',
  'c1\u009b31m',
  'separator\u2028\u2029end',
  'bidi\u202egnp.exe',
  'label"} 1\nacs_gateway_forged 1',
  '{{template}} $' + '{jndi:ldap://x} <script>alert(1)</script>',
] as const;

const digits = Array.from(secrets.pin);

function dtmf(data: string, participantRawID: string): string {
  return JSON.stringify({
    kind: 'DtmfData',
    dtmfData: { data, timestamp: '2026-01-01T00:00:00.000Z', participantRawID },
  });
}

interface Output {
  /** As it came, byte by byte. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** What the two HTTP servers answered, heads included, by request. */
  readonly answers: ReadonlyMap<string, string>;
  /** What was sent back on WebSockets after the upgrade. */
  readonly closes: readonly string[];
  readonly recordings: string;
}

/** The gateway as a process whose output is kept as it is. */
async function startRaw(env: Record<string, string>, ...flags: string[]) {
  const args = ['--disable-warning=ExperimentalWarning', entry, 'serve', '--port', '0', '--admin-port', '0', ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const exited = once(child, 'close');
  const lines = () => Buffer.concat(out).toString().split('\n');
  const listening = () => lines().find((line) => line.includes('"msg":"listening"'));
  await eventually(() => listening() !== undefined || child.exitCode !== null);
  if (listening() === undefined) throw new Error(`it does not start: ${Buffer.concat(err)}`);
  const { port, adminPort } = JSON.parse(listening()!) as { port: number; adminPort: number };
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    return { stdout: Buffer.concat(out), stderr: Buffer.concat(err) };
  };
  return { port, adminPort, kill: () => child.kill('SIGKILL'), stop, lines };
}

/** One request on a connection of its own; the whole answer. */
async function exchange(port: number, request: string | Buffer): Promise<string> {
  const peer = await RawPeer.connect(port);
  peer.write(request);
  const head = await peer.head();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const text = `${head}\r\n\r\n${peer.bytes.toString('latin1')}`;
  peer.reset();
  return text;
}

/** A call under a hostile name that says everything that is secret. */
async function speak(port: number, id: string, n: number, closes: string[]): Promise<void> {
  // In a header control characters cannot stand; what is printable of them can.
  const inHeader = Array.from(id)
    .filter((character) => character >= ' ' && character <= 'ÿ' && character !== '\u007f')
    .join('');
  const peer = await RawPeer.open(
    port,
    upgradeRequest(`/audio/${secrets.token}?accesstoken=${secrets.secondToken}`, [
      `Authorization: Bearer ${secrets.wrongBearer}`,
      `Cookie: session=${secrets.cookie}`,
      `X-Secret: ${secrets.otherHeader}`,
      `x-ms-call-connection-id: ${n}-${inHeader}`,
      `x-ms-call-correlation-id: ${n}-${inHeader}`,
    ]),
  );
  const messages = [
    metadata(`${n}-${id}`),
    audio(0, speech),
    audio(0, speech, id),
    audio(1, speech, `4:+1555010${n}`),
    ...digits.map((digit) => dtmf(digit, id)),
    dtmf(secrets.pinWord, id),
    dtmf(secrets.pin, id),
    // Malformed, in every way that could make somebody complain about what stands in it.
    `{"kind":"AudioData","audioData":{"data":"${speechBase64}*","participantRawID":${JSON.stringify(id)}}}`,
    `{"kind":"AudioData","audioData":{"data":"${speechBase64}`,
    `${secrets.unknownField}`,
    JSON.stringify({ kind: secrets.unknownField, [secrets.unknownField]: id }),
    JSON.stringify({
      kind: 'AudioMetadata',
      audioMetadata: { subscriptionId: `${n}-${id}`, encoding: secrets.unknownField, sampleRate: 1, channels: 9 },
    }),
  ];
  for (const payload of messages) peer.write(frame({ payload }));
  peer.write(frame({ opcode: 2, payload: secrets.binary }));
  await peer.barrier();
  if (n % 2 === 0) peer.write(closeFrame(1000, secrets.closeReason));
  else peer.write(Buffer.concat([frame({ payload: Buffer.from([0xff, 0xfe]) }), Buffer.from(secrets.closeReason)]));
  await peer.closed;
  closes.push(peer.bytes.toString('latin1'));
}

async function refusals(port: number, adminPort: number, answers: Map<string, string>): Promise<void> {
  const wrong = [
    upgradeRequest('/audio', [`Authorization: Bearer ${secrets.wrongBearer}`]),
    upgradeRequest(`/audio?accesstoken=${secrets.wrongQuery}`),
    upgradeRequest(`/audio/${secrets.wrongPath}`),
    upgradeRequest(`/elsewhere/${secrets.wrongPath}?token=${secrets.token}`),
    `GET /audio/${secrets.token} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `POST /audio?token=${secrets.token} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`,
    `${secrets.token} ${secrets.wrongPath}\r\n\r\n`,
  ];
  for (const request of wrong) answers.set(`ingest ${request.split('\r\n')[0]}`, await exchange(port, request));
  for (const [path, token] of [
    ['/metrics', secrets.wrongAdmin],
    [`/streams/${secrets.wrongPath}`, secrets.adminToken],
    [`/${secrets.wrongPath}?${secrets.wrongQuery}`, secrets.adminToken],
    ['/%00%0a', secrets.adminToken],
  ]) {
    const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
    answers.set(`admin ${path}`, await exchange(adminPort, request));
  }
  answers.set('admin garbage', await exchange(adminPort, `${secrets.token} ${secrets.wrongAdmin}\r\n\r\n`));
}

async function told(adminPort: number, answers: Map<string, string>, when: string): Promise<void> {
  for (const path of ['/metrics', '/streams']) {
    const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secrets.adminToken}\r\nConnection: close\r\n\r\n`;
    const peer = await RawPeer.connect(adminPort);
    peer.write(request);
    await peer.closed;
    answers.set(`${when} ${path}`, peer.bytes.toString());
  }
}

let output: Output;
const folder = mkdtempSync(join(tmpdir(), 'acs-audio-gateway-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const recordings = join(folder, 'recordings');

  const gateway = await startRaw(
    { ACS_GATEWAY_ADMIN_TOKEN: secrets.adminToken, ACS_GATEWAY_AUTH_TOKEN: `${secrets.token},${secrets.secondToken}` },
    ...['--auth', 'token', '--sink', `wav:${recordings}`, '--log-level', 'trace', '--resume-grace-ms', '0'],
  );
  const answers = new Map<string, string>();
  const closes: string[] = [];
  try {
    // One that is still there when it is asked what streams there are.
    const present = await RawPeer.open(gateway.port, upgradeRequest(`/audio/${secrets.token}`));
    present.write(
      Buffer.concat([metadata('present'), audio(0, speech, hostileIds[0])].map((payload) => frame({ payload }))),
    );
    for (const [n, id] of hostileIds.entries()) await speak(gateway.port, id, n, closes);
    await refusals(gateway.port, gateway.adminPort, answers);
    await told(gateway.adminPort, answers, 'with one stream:');
    present.reset();
    await eventually(
      () => gateway.lines().filter((line) => line.includes('"stream ended"')).length > hostileIds.length,
    );
    await told(gateway.adminPort, answers, 'at the end:');
    output = { ...(await gateway.stop()), answers, closes, recordings };
  } finally {
    gateway.kill();
  }
});

/** C0, but for the ends of lines. */
function controls(text: string): string[] {
  return Array.from(text).filter((character) => character < ' ' && character !== '\n');
}

/** What came out that is text, by where: everything but the audio of the recordings. */
function outputs(): Map<string, string> {
  const all = new Map([
    ['stdout', output.stdout.toString('latin1')],
    ['stderr', output.stderr.toString('latin1')],
    ['closes', output.closes.join('\n')],
    ['file names', readdirSync(output.recordings, { recursive: true, encoding: 'utf8' }).join('\n')],
  ]);
  for (const [name, text] of output.answers) all.set(name, text);
  for (const [name, bytes] of filesBelow(output.recordings, '.json')) all.set(name, bytes.toString());
  return all;
}

describe('after calls that were full of secrets', () => {
  test('there is something to look through', () => {
    const ended = output.stdout
      .toString()
      .split('\n')
      .filter((line) => line.includes('"msg":"stream ended"'));
    expect(ended).toHaveLength(hostileIds.length + 1);
    // The audio arrived, so it could have been told.
    const recorded = Array.from(filesBelow(output.recordings, '.wav').values());
    expect(recorded.filter((wav) => wav.includes('audioSECRETn4')).length).toBeGreaterThan(2 * hostileIds.length);
    expect(output.answers.size).toBeGreaterThan(12);
    expect(output.answers.get('with one stream: /streams')).toContain('"present"');
    expect(output.answers.get('at the end: /metrics')).toMatch(/messages_total\{outcome="control"\} \d{3}/);
    expect(filesBelow(output.recordings, '.json').size).toBeGreaterThan(2 * hostileIds.length);
  });

  test.each(Object.entries(secrets))('the %s is nowhere', (_name, secret) => {
    for (const [where, text] of outputs()) {
      // The close frame repeats the peer's own to it, as the protocol has it.
      if (where === 'closes' && secret === secrets.closeReason) continue;
      expect(text.includes(secret), where).toBe(false);
    }
  });

  test.each(speechTraces)('the audio is nowhere but in the recordings: %s', (trace) => {
    for (const [where, text] of outputs()) expect(text.includes(trace), where).toBe(false);
  });

  test('no run of DTMF digits is in the log, in no order of keys', () => {
    for (const line of output.stdout.toString().split('\n')) expect(line).not.toMatch(/dtmf|Dtmf|"tone/);
  });

  test('every line of the log is one JSON object with a level and a message, and nothing forged', () => {
    const text = output.stdout.toString();
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    for (const line of lines) {
      const record = JSON.parse(line) as Record<string, unknown>;
      expect(record).toMatchObject({ level: expect.any(String), time: expect.any(String), msg: expect.any(String) });
      expect(record['msg']).not.toBe('forged');
      expect(record).not.toHaveProperty('x');
    }
    expect(output.stderr.toString()).toBe('');
  });

  test('no control character comes out unescaped but the ends of lines', () => {
    expect(controls(output.stdout.toString('latin1'))).toEqual([]);
    for (const [where, text] of outputs()) {
      if (where.startsWith('with one') || where.startsWith('at the end') || where.endsWith('.json')) {
        expect(controls(text.replaceAll('\r\n', '\n')), where).toEqual([]);
      }
    }
    expect(outputs().get('file names')).toMatch(/^[\n -~]*$/);
  });

  // JSON allows them. A terminal takes U+009B for the beginning of an escape sequence, as it does ESC [.
  test('no DEL, C1 control, line separator or change of direction comes out unescaped in the log', () => {
    expect(output.stdout.toString().match(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu)).toBeNull();
  });

  test('ids of participants are in /streams and in file names, and not in the log or in metrics', () => {
    expect(output.answers.get('with one stream: /streams')).toContain('forged');
    for (const id of ['4:+1555010', '15550100', ...hostileIds]) {
      const inJson = JSON.stringify(id).slice(1, -1);
      expect(output.answers.get('at the end: /metrics')!.includes(inJson)).toBe(false);
      if (id.startsWith('4') || id.startsWith('1')) expect(output.stdout.toString().includes(id)).toBe(false);
    }
    expect(output.answers.get('at the end: /metrics')).not.toContain('acs_gateway_forged');
  });
});

test('a JSON Web Token, good or bad, is nowhere in what comes out', async () => {
  const certificate = selfSignedCertificate();
  const ca = join(temporaryFolder(), 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const [key, forger] = await Promise.all([SigningKey.create('key'), SigningKey.create('key')]);
  const server = await KeyServer.start(certificate);
  server.keys = [key];
  const gateway = await startRaw(
    { NODE_EXTRA_CA_CERTS: ca },
    ...['--auth', 'jwt', '--jwt-audience', audience, '--jwt-issuer', issuer, '--jwks-url', server.url],
    ...['--log-level', 'trace', '--resume-grace-ms', '0'],
  );
  onTestFinished(() => {
    gateway.kill();
  });
  const tokens = [
    await key.sign(),
    await forger.sign(),
    await key.sign({ expSeconds: -4000 }),
    await key.sign({ aud: 'audienceSECRETo5' }),
    await key.sign({ iss: 'https://issuerSECRETp6' }),
    await key.sign({}, { kid: 'kidSECRETq7' }),
    'eyJmalformedSECRETr8.e30.x',
  ];
  let answers = '';
  for (const token of tokens) {
    answers += await exchange(gateway.port, upgradeRequest('/audio', [`Authorization: Bearer ${token}`]));
  }
  // The key server goes away, and a key comes that nobody knows.
  await server.stop();
  answers += await exchange(
    gateway.port,
    upgradeRequest('/audio', [`Authorization: Bearer ${await key.sign({}, { kid: 'goneSECRETs9' })}`]),
  );
  answers += await ask(gateway.adminPort, '/metrics');
  expect(answers).toContain('101 Switching');
  expect(answers.match(/HTTP\/1.1 401/g)).toHaveLength(tokens.length);
  const { stdout, stderr } = await gateway.stop();
  const text = answers + stdout.toString() + stderr.toString();
  expect(text).not.toContain('SECRET');
  for (const token of tokens)
    for (const part of token.split('.')) if (part.length > 8) expect(text).not.toContain(part);
});

test('a secret among bad settings is not repeated on standard error', async () => {
  const args = [
    '--disable-warning=ExperimentalWarning',
    entry,
    'serve',
    '--auth',
    'none',
    '--auth-token',
    secrets.token,
  ];
  const child = spawn(process.execPath, [...args, '--admin-token', `${secrets.adminToken}\n`, '--port', 'many'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ACS_GATEWAY_AUTH_TOKEN: `${secrets.secondToken}\u0001` },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(2);
  expect(text).toContain('--port');
  expect(text).not.toContain('SECRET');
});

test('a secret in the file of settings is not repeated on standard error when the file is wrong', async () => {
  const file = join(temporaryFolder(), 'config.json');
  const wrong = [
    `{"authToken": ["${secrets.token}"], "adminToken": "${secrets.adminToken}", "port": "many"}`,
    `{"authToken": "${secrets.token}", "adminToken": ${secrets.adminToken}}`,
    `{"adminToken": {"x": "${secrets.adminToken}"}}`,
  ];
  for (const content of wrong) {
    writeFileSync(file, content);
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, 'serve', '--config', file]);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
    }
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(2);
    expect(text, readFileSync(file, 'utf8')).not.toContain('SECRET');
  }
});
