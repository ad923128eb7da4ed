/** Who the gateway is to a NATS server, and that nobody else learns how it proves that. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { test as always, describe, expect } from 'vitest';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { runCommand } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { NatsConsumer } from './consumer.ts';
import { drainExactly, isReady, startWithSinkIn } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

/** Every character that an address gives a meaning to. */
const secret = 'S3CRET/with?all@of:them#%&=+ü';
const encoded = encodeURIComponent(secret);
const hearer = { user: 'hearer', pass: 'hearing' } as const;

const hearerUser = `{ user: ${hearer.user}, password: ${hearer.pass} }`;
const passwordConfig = `authorization { users: [ { user: gateway, password: ${JSON.stringify(secret)} }, ${hearerUser} ] }`;

function serve(sink: string) {
  const flags = ['serve', '--port', '0', '--admin-port', '0', '--workers', '1'];
  return runCommand(flags, { ACS_GATEWAY_SINK: sink });
}

/** A gateway with this sink sends one frame to a consumer; returns everything that could be read of it meanwhile. */
async function publishOne(server: NatsServer, sink: string, consumerOptions: object): Promise<string> {
  const gateway = await startWithSinkIn({}, sink);
  expect(await isReady(gateway)).toBe(true);
  const consumer = await NatsConsumer.start({ server: server.address, ...consumerOptions });
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  const texts = [];
  for (const path of ['/metrics', '/streams', '/readyz']) texts.push(await (await gateway.admin(path)).text());
  await client.hangUp();
  expect((await consumer.ended(1))[0]).toMatchObject({ received: 1, missing: 0 });
  await drainExactly(gateway);
  return JSON.stringify(gateway.log) + texts.join('');
}

/** What of the secret would be told, however it was written. */
function expectNoSecret(text: string): void {
  for (const trace of [secret, encoded, JSON.stringify(secret).slice(1, -1), 'S3CRET'])
    expect(text).not.toContain(trace);
}

describe('the gateway proves who it is', () => {
  test('with user and password', async () => {
    const server = await NatsServer.forTest(passwordConfig);
    expectNoSecret(await publishOne(server, `nats://gateway:${encoded}@${server.address}`, hearer));
  });

  test('with a token', async () => {
    const server = await NatsServer.forTest(`authorization { token: ${JSON.stringify(secret)} }`);
    expectNoSecret(await publishOne(server, `nats://${encoded}@${server.address}`, { token: secret }));
  });

  test('with a file as nsc writes it', async () => {
    const key = nkeys.createUser();
    const seed = new TextDecoder().decode(key.getSeed());
    const file = join(temporaryFolder(), 'gateway.creds');
    const [dashes, blank] = ['-----', '\n\n'];
    const block = (name: string, body: string) => `${dashes}BEGIN ${name}${dashes}\n${body}\n------END ${name}------\n`;
    // Who has the key is asked for nothing else by a server that knows the key: the token is not looked at.
    writeFileSync(file, block('NATS USER JWT', 'e30.e30.e30') + blank + block('USER NKEY SEED', seed));
    const server = await NatsServer.forTest(
      `authorization { users: [ { nkey: ${key.getPublicKey()} }, ${hearerUser} ] }`,
    );
    const text = await publishOne(server, `nats://${server.address}?creds=${file}`, hearer);
    expect(text).not.toContain(seed);
  });
});

test.each([
  ['a wrong password', (address: string) => `nats://gateway:x${encoded}@${address}`],
  ['a wrong user', (address: string) => `nats://nobody:${encoded}@${address}`],
  ['no password', (address: string) => `nats://${address}`],
])('%s ends the gateway with exit code 5, and doctor with 1: what is shown has no password', async (_what, sinkFor) => {
  const server = await NatsServer.forTest(passwordConfig);
  const sink = sinkFor(server.address);
  const { code, stdout, stderr } = await serve(sink);
  expect(code).toBe(5);
  expect(stderr).toMatch(/sink nats:\/\/127\.0\.0\.1:\d+\/acs\.audio cannot start: .*authorization/i);
  expectNoSecret(stdout + stderr);
  const doctor = await runCommand(['doctor', '--port', '0', '--admin-port', '0'], { ACS_GATEWAY_SINK: sink });
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(/FAIL +--sink nats:.*authorization/i);
  expectNoSecret(doctor.stdout + doctor.stderr);
});

test('doctor says that the right ones are taken, and whether a server is there', async () => {
  const server = await NatsServer.forTest(passwordConfig);
  const env = { ACS_GATEWAY_SINK: `nats://gateway:${encoded}@${server.address}` };
  const flags = ['doctor', '--port', '0', '--admin-port', '0'];
  const right = await runCommand(flags, env);
  expect(right.stdout).toMatch(/ok +--sink nats:/);
  expectNoSecret(right.stdout + right.stderr);
  await server.kill();
  const away = await runCommand(flags, env);
  expect(away).toMatchObject({ code: 1, stdout: expect.stringMatching(/FAIL +--sink nats:/) });
  expectNoSecret(away.stdout + away.stderr);
});

/** Texts that are wrong, as people write them. */
const wrongTexts = [
  'nats://gateway:S3CRET/x@127.0.0.1:4222',
  'nats://gateway:S3CRET?x@127.0.0.1:4222',
  'nats://gateway:S3CRET%zz@127.0.0.1:4222',
  'nats://gateway:S3CRET@127.0.0.1:99999',
  'nats://gateway:S3CRET@127.0.0.1:4222/a b',
  'nats://gateway:S3CRET@127.0.0.1:4222?frames=0',
  'nats://gateway:a@S3CRET@127.0.0.1:4222',
  'NATS://gateway:S3CRET@127.0.0.1:4222',
  'tls://gateway:S3CRET@127.0.0.1:4222',
  'nats:gateway:S3CRET@127.0.0.1:4222',
  ' nats://gateway:S3CRET@127.0.0.1:4222',
  'nats://127.0.0.1:4222?password=S3CRET',
  'nats://127.0.0.1:4222?token=S3CRET&frames=2',
];

always('a text that is wrong is refused with exit code 2, without the password that may be in it', async () => {
  const file = join(temporaryFolder(), 'config.json');
  writeFileSync(file, JSON.stringify({ sink: wrongTexts }));
  const { code, stdout, stderr } = await runCommand(['serve', '--config', file]);
  expect(code).toBe(2);
  expect(stderr.match(/--sink: /g)).toHaveLength(wrongTexts.length);
  expectNoSecret(stdout + stderr);
});

describe('over TLS', () => {
  const files = () => {
    const folder = temporaryFolder();
    const { key, cert } = selfSignedCertificate();
    const other = selfSignedCertificate().cert;
    const paths = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem'), other: join(folder, 'other.pem') };
    writeFileSync(paths.key, key);
    writeFileSync(paths.cert, cert);
    writeFileSync(paths.other, other);
    return paths;
  };

  test('a server whose certificate is signed by the named authority is taken, any other ends the gateway with exit code 5', async () => {
    const { key, cert, other } = files();
    const server = await NatsServer.forTest(`tls { cert_file: "${cert}", key_file: "${key}" }`);
    await publishOne(server, `nats://${server.named}?ca=${cert}`, { server: server.named, ca: cert });
    for (const query of [`?ca=${other}`, '', '?tls=required']) {
      const { code, stderr } = await serve(`nats://${server.named}${query}`);
      expect({ query, code }).toEqual({ query, code: 5 });
      expect(stderr).toMatch(/certificate|self-signed/i);
    }
    const { code, stderr } = await serve(`nats://${server.named}?ca=${cert}.missing`);
    expect(code).toBe(5);
    expect(stderr).toMatch(/ENOENT/);
  });

  test('a client certificate is shown to a server that wants one', async () => {
    const { key, cert } = files();
    const server = await NatsServer.forTest(
      `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${cert}", verify: true }`,
    );
    const gateway = await startWithSinkIn({}, `nats://${server.named}?ca=${cert}&cert=${cert}&key=${key}`);
    expect(await isReady(gateway)).toBe(true);
    await drainExactly(gateway);
    // Without one it ends, or keeps trying: TLS 1.3 may tell only after the handshake, as if the server had gone.
    const without = await startWithSinkIn({}, `nats://${server.named}?ca=${cert}`).then(isReady, () => false);
    expect(without).toBe(false);
  });

  test('a server by its address is refused with exit code 2: an address is not what a certificate is checked against', async () => {
    const server = await NatsServer.forTest();
    const { code, stderr } = await serve(`nats://${server.address}?tls=required`);
    expect(code).toBe(2);
    expect(stderr).toContain('by name');
  });

  test('a password is not sent to a server without TLS when TLS is required', async () => {
    const server = await NatsServer.forTest(passwordConfig);
    const { code, stdout, stderr } = await serve(`nats://gateway:${encoded}@${server.named}?tls=required`);
    expect(code).toBe(5);
    expect(stderr).toMatch(/tls/i);
    expectNoSecret(stdout + stderr);
  });
});
