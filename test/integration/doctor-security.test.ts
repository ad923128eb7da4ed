/** What `doctor` says of certificates and keys, before a call finds out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { receiveBuffer } from '../../src/cli/doctor-security.ts';
import { KeyServer, SigningKey } from '../socket/key-server.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { runCommand } from '../support/gateway-process.ts';

function doctor(flags: readonly string[], env: Record<string, string> = {}) {
  return runCommand(['doctor', '--port', '0', '--admin-port', '0', ...flags], env);
}

test('a certificate that ends soon is a note, one without its key is wrong', async () => {
  const folder = temporaryFolder();
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const pair = selfSignedCertificate();
  writeFileSync(cert, pair.cert);
  writeFileSync(key, pair.key);
  const flags = ['--tls-cert', cert, '--tls-key', key];
  expect(await doctor(flags)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/note +--tls-cert: valid for \d+ days/),
  });
  writeFileSync(key, selfSignedCertificate().key);
  expect(await doctor(flags)).toMatchObject({ code: 1, stdout: expect.stringContaining('FAIL   --tls-cert') });
});

test('keys that cannot be fetched are wrong, with the reason', async () => {
  const certificate = selfSignedCertificate();
  const ca = join(temporaryFolder(), 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const server = await KeyServer.start(certificate);
  server.keys = [await SigningKey.create('key')];
  const flags = ['--auth', 'jwt', '--jwt-audience', 'id', '--jwks-url', server.url];
  const trusting = { NODE_EXTRA_CA_CERTS: ca };
  expect(await doctor(flags, trusting)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('ok     --jwks-url'),
  });
  expect(await doctor(flags)).toMatchObject({ code: 1, stdout: expect.stringContaining('FAIL   --jwks-url') });
  server.answer = 'error';
  expect(await doctor(flags, trusting)).toMatchObject({ code: 1, stdout: expect.stringContaining('HTTP 500') });
});

test('a receive buffer that lets one peer hold the others up is worth a note', () => {
  expect(receiveBuffer('4096\t131072\t6291456\n')).toMatchObject([{ verdict: 'note' }]);
  expect(receiveBuffer('4096 131072 262144')).toMatchObject([{ verdict: 'ok' }]);
  expect(receiveBuffer(null)).toEqual([]);
});
