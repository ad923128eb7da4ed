/**
 * The one error class of the gateway. Its `code` is stable and documented (docs/errors.md); it decides the exit code of
 * the process. Expected conditions (full, late, malformed) are return values, never errors. Any thread.
 */

/** Every code, with the exit code of a process that ends because of it. */
export const errorCodes = {
  /** One or more settings are wrong; the message lists each of them. */
  bad_settings: 2,
  /** The address to listen on is taken or cannot be bound. */
  listen_failed: 3,
  /** A native part (uWebSockets.js, the simdjson addon) is missing on this machine. */
  native_missing: 4,
  /** A sink cannot start: its folder cannot be written, its server cannot be reached. */
  sink_failed: 5,
  /** Shared memory could not be reserved. */
  memory_exhausted: 6,
  /** Shared memory handed to us is not what it should be: another version, or not ours. */
  bad_handle: 7,
  /** An audio file cannot be read or is not 16-bit PCM. */
  bad_audio: 8,
  /** The file to capture to cannot be made. */
  capture_failed: 9,
  /** A capture cannot be read: it is none, of another version, or damaged beyond use. */
  bad_capture: 10,
  /** Decode workers hang or cannot be started, and that has lasted a minute. */
  decoding_failed: 12,
  /** The one file of a call cannot be made of its recordings. */
  recording_failed: 13,
  /** A broken invariant: a fault of the gateway itself. */
  invariant: 70,
} as const;

/** Of a gateway that was told to end, and did, without an account of every message and frame. */
export const inexactExitCode = 11;

/** Why; see docs/errors.md. */
export type ErrorCode = keyof typeof errorCodes;

/** The only error that the package throws on purpose: its `code` is stable and documented (docs/errors.md). */
export class GatewayError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GatewayError';
    this.code = code;
  }

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
