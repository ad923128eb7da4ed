/**
 * The certificate and its key, as files that somebody renews: looked at now and then, by content, because tools that renew
 * them swap folders and links. A pair that cannot be used is told once and not taken. Main thread.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { GatewayError, withoutPath } from '../errors.ts';
import type { TlsFiles } from './uws.ts';

const lookIntervalMs = 5_000;

/** What the pair is; throws when the two cannot be used together. */
function fingerprint({ cert, key }: TlsFiles): string {
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  createSecureContext(pair);
  return createHash('sha256').update(pair.cert).update('\0').update(pair.key).digest('hex');
}

/** What is wrong with a pair, or null. */
export function problemOfPair(files: TlsFiles): string | null {
  try {
    fingerprint(files);
    return null;
  } catch (error) {
    return withoutPath(error);
  }
}

export class CertificateWatch {
  private readonly files: TlsFiles;
  private readonly onChange: (error: string | null) => void;
  private timer: NodeJS.Timeout | null = null;
  private current = '';
  private isTold = false;

  /** @param onChange null: there is another pair, and it is good. Else what is wrong with it */
  constructor(files: TlsFiles, onChange: (error: string | null) => void) {
    this.files = files;
    this.onChange = onChange;
  }

  /** Throws `bad_settings` when the pair cannot be used. */
  check(): void {
    try {
      this.current = fingerprint(this.files);
    } catch (error) {
      throw new GatewayError('bad_settings', `--tls-cert and --tls-key cannot be used: ${withoutPath(error)}`);
    }
  }

  start(): void {
    this.timer = setInterval(() => this.look(), lookIntervalMs);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private look(): void {
    try {
      const found = fingerprint(this.files);
      this.isTold = false;
      if (found === this.current) return;
      this.current = found;
      this.onChange(null);
    } catch (error) {
      if (!this.isTold) this.onChange(withoutPath(error));
      this.isTold = true;
    }
  }
}
