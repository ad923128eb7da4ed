/**
 * The one error class of the gateway. Its `code` is stable and documented (docs/errors.md); it decides the exit code of
 * the process. Expected conditions (full, late, malformed) are return values, never errors. Any thread.
 */

/** Every error code, with the exit code of a command that ends because of it. Remedies: docs/errors.md. */
export const errorCodes = {
  /** One or more settings are wrong; the message lists each of them. */
  bad_settings: 2,
  /** The address to listen on is taken or cannot be bound. */
  listen_failed: 3,
  /** A native part (uWebSockets.js, the simdjson addon) cannot be loaded, or a decode worker cannot start. */
  native_missing: 4,
  /** A sink cannot start: its folder cannot be written, its server refuses the credentials, its module throws. */
  sink_failed: 5,
  /** Shared memory could not be reserved. */
  memory_exhausted: 6,
  /** Not the handle of a ring, or of another version of the package; or `participant.ring(name)` for an unknown name. */
  bad_handle: 7,
  /** The simulator's audio file cannot be read or is not 16-bit PCM at the rate. */
  bad_audio: 8,
  /** The file of `--capture`, or of `capture redact`, cannot be created. */
  capture_failed: 9,
  /** Not a capture file, one of another version, or damaged beyond use. */
  bad_capture: 10,
  /** Decode workers have hung, or could not be started, for a minute: the argument of the event `failed`. */
  decoding_failed: 12,
  /** The one file of a call cannot be made of its recordings. */
  recording_failed: 13,
  /** Audio cannot be sent into the call: switched off, the stream has ended, no memory; or a rate or an id that there is not. */
  playback_refused: 14,
  /** A process of `--processes` ended before it took streams, and did not say why. */
  process_failed: 15,
  /** A broken invariant: a fault of the gateway itself. */
  invariant: 70,
} as const;

/** Of a gateway that drained without a full account of every message and frame. */
export const inexactExitCode = 11;

/** The code of a `GatewayError`: a key of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes;

/** The only error that the package throws on purpose: its `code` is stable and documented (docs/errors.md). */
export class GatewayError extends Error {
  /** Stable: programs may decide by it. */
  readonly code: ErrorCode;

  /** @param options `cause`, as of any `Error` */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GatewayError';
    this.code = code;
  }

  /** Of a command that ends because of this error. */
  get exitCode(): number {
    return errorCodes[this.code];
  }
}

/** Throws `invariant` unless the condition holds. For what can only be false when the gateway itself is wrong. */
export function assertInvariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new GatewayError('invariant', message);
}

/** What went wrong, without the path of a file: it may have a participant's id in it, or tell what need not be known. */
export function redactPath(error: unknown): string {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) return `${code}: ${syscall}`;
  return error instanceof Error ? message : String(error);
}
