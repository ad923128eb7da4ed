/** A certificate that is renewed: taken once it is good, tried again until it is taken. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { CertificateWatch } from '../../src/socket/certificate.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A watch over files, and all that it did. */
function watched(renew: () => void) {
  const folder = temporaryFolder();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const write = ({ cert, key } = selfSignedCertificate()) => {
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
  };
  write();
  const renewals = vi.fn(renew);
  const results: (string | null)[] = [];
  const watch = new CertificateWatch(files, { renew: renewals, onResult: (error) => results.push(error) });
  watch.start();
  onTestFinished(() => watch.stop());
  return { files, write, renewals, results };
}

const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);

test('a renewal that fails is tried again, ever more slowly, until it works; then never again', () => {
  let failures = 6;
  const { write, renewals, results } = watched(() => {
    if (failures-- > 0) throw new Error('the port cannot be taken over');
  });
  write();
  pass(60);
  expect(renewals.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(renewals.mock.calls.length).toBeLessThan(6);
  expect(results).toEqual(['the port cannot be taken over']);
  pass(180);
  expect(renewals).toHaveBeenCalledTimes(7);
  expect(results).toEqual(['the port cannot be taken over', null]);
  pass(600);
  expect(renewals).toHaveBeenCalledTimes(7);
});

test('another pair is tried at once, however often the one before has failed', () => {
  let isBroken = true;
  const { write, renewals, results } = watched(() => {
    if (isBroken) throw new Error('refused');
  });
  write();
  pass(200);
  isBroken = false;
  write();
  pass(5);
  expect(results).toEqual(['refused', null]);
  expect(renewals.mock.calls.length).toBeLessThan(10);
});

test('files that do not belong together are reported once, and again only when there was a good pair between', () => {
  const { files, write, renewals, results } = watched(() => {});
  const [first, second] = [selfSignedCertificate(), selfSignedCertificate()];
  write({ cert: first.cert, key: second.key });
  pass(60);
  expect(results).toHaveLength(1);
  write(first);
  pass(5);
  expect(results.at(-1)).toBeNull();
  renameSync(files.key, `${files.key}.away`);
  pass(60);
  expect(results).toEqual([
    expect.stringContaining('cannot be used together'),
    null,
    expect.stringMatching(/^--tls-key ".*key\.pem": ENOENT: open$/),
  ]);
  expect(renewals).toHaveBeenCalledTimes(1);
});

test.each([
  ['cert', 'no certificate', /^the certificate cannot be used: --tls-cert ".*cert\.pem": /],
  ['key', 'no key', /^the certificate cannot be used: --tls-key ".*key\.pem": /],
] as const)('names the file that is wrong: %s', (which, text, message) => {
  const { files } = watched(() => {});
  writeFileSync(files[which], text);
  const start = () => new CertificateWatch(files, { renew: () => {}, onResult: () => {} });
  expect(start).toThrow(message);
  renameSync(files[which], `${files[which]}.old`);
  expect(start).toThrow(message);
});
