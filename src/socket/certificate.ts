/**
 * The certificate and its key, as files that are renewed by other programs: looked at now and then, by content, because tools that renew
 * them swap folders and links. A pair that cannot be used is reported once and not taken; one that is good, but could not be taken,
 * is tried again until it is. Main thread.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { GatewayError, redactPath } from '../base/errors.ts';
import { BackOff } from '../thread/back-off.ts';
import type { TlsFiles } from './uws.ts';

const lookIntervalMs = 5_000;
const retryMs = { first: 5_000, most: 60_000 };

function read<Content>(flag: string, path: string, parse: (pem: Buffer) => Content): Buffer {
  try {
    const pem = readFileSync(path);
    parse(pem);
    return pem;
  } catch (error) {
    throw new Error(`${flag} ${JSON.stringify(path)}: ${redactPath(error)}`);
  }
}

/** A pair that can be used: what it is, and when the first certificate of its chain ends. */
interface Pair {
  readonly fingerprint: string;
  readonly expiresMs: number;
}

const onePem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The end of the certificate, or of one that it stands on if that is sooner. */
export function expiresMsOf(pem: Buffer): number {
  const chain = pem.toString('latin1').match(onePem) ?? [pem];
  return Math.min(...chain.map((one) => new X509Certificate(one).validToDate.getTime()));
}

/** Throws when the two cannot be used together. */
function readPair({ cert, key }: TlsFiles): Pair {
  const pair = {
    cert: read('--tls-cert', cert, (pem) => new X509Certificate(pem)),
    key: read('--tls-key', key, (pem) => createPrivateKey(pem)),
  };
  try {
    createSecureContext(pair);
  } catch (error) {
    const names = `--tls-cert ${JSON.stringify(cert)} and --tls-key ${JSON.stringify(key)}`;
    throw new Error(`${names} cannot be used together: ${redactPath(error)}`);
  }
  const fingerprint = createHash('sha256').update(pair.cert).update('\0').update(pair.key).digest('hex');
  return { fingerprint, expiresMs: expiresMsOf(pair.cert) };
}

/** What is wrong with a pair, or null. */
export function problemOfPair(files: TlsFiles): string | null {
  try {
    readPair(files);
    return null;
  } catch (error) {
    return redactPath(error);
  }
}

export interface CertificateEvents {
  /** Takes the pair in the files for further connections. If it throws, it is called again. */
  readonly renew: () => void;
  /** Null: there is another pair, and it is in use. Else why it is not; the same reason in a row is reported once. */
  readonly onResult: (error: string | null) => void;
}

export class CertificateWatch {
  private readonly files: TlsFiles;
  private readonly events: CertificateEvents;
  private readonly backOff = new BackOff(retryMs.first, retryMs.most);
  private timer: NodeJS.Timeout | null = null;
  /** In use. */
  private current: Pair;
  /** Good, but could not be taken. */
  private failed: string | null = null;
  private dueMs = 0;
  private reported: string | null = null;

  /** Throws `bad_settings` when the pair cannot be used. */
  constructor(files: TlsFiles, events: CertificateEvents) {
    this.files = files;
    this.events = events;
    try {
      this.current = readPair(files);
    } catch (error) {
      throw new GatewayError('bad_settings', `the certificate cannot be used: ${redactPath(error)}`);
    }
  }

  /** When the certificate in use ends, ms since 1970. */
  get expiresMs(): number {
    return this.current.expiresMs;
  }

  start(): void {
    this.timer = setInterval(() => this.look(performance.now()), lookIntervalMs);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private look(nowMs: number): void {
    try {
      const found = readPair(this.files);
      if (found.fingerprint === this.current.fingerprint) this.reported = null;
      else if (found.fingerprint !== this.failed || nowMs >= this.dueMs) this.renew(found, nowMs);
    } catch (error) {
      this.tell(redactPath(error));
    }
  }

  private renew(found: Pair, nowMs: number): void {
    if (found.fingerprint !== this.failed) this.backOff.succeeded();
    this.failed = found.fingerprint;
    this.dueMs = nowMs + this.backOff.failed();
    this.events.renew();
    this.current = found;
    this.failed = null;
    this.reported = null;
    this.events.onResult(null);
  }

  private tell(error: string): void {
    if (error !== this.reported) this.events.onResult(error);
    this.reported = error;
  }
}
