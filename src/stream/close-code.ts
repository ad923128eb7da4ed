/** Codes of closes, of RFC 6455 section 7.4.1, and ours from 4000. Pure; any thread. */
export const closeCode = {
  /** The peer hung up: no socket will resume. All other codes of a peer may be a connection that broke. */
  normal: 1000,
  draining: 1001,
  /** No code came. */
  absent: 1005,
  policy: 1008,
  tooBig: 1009,
  fault: 1011,
  overloaded: 1013,
  superseded: 4000,
} as const;
