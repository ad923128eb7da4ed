/** A certificate for the servers of a benchmark: made once, in a folder that goes when the benchmark does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedCertificate } from '../../test/support/certificate.ts';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** Both in one, as HAProxy wants them. */
  readonly both: string;
}

let made: CertificateFiles | null = null;

export function certificateFiles(): CertificateFiles {
  made ??= make();
  return made;
}

function make(): CertificateFiles {
  const folder = mkdtempSync(join(tmpdir(), 'bench-tls-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { cert, key } = selfSignedCertificate();
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return { cert: write('cert.pem', cert), key: write('key.pem', key), both: write('both.pem', cert + key) };
}
