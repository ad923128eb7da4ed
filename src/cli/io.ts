/**
 * What a command may touch of the process: where to write, and when to stop. Only `main.ts` knows the process itself, so
 * every command can be run by a test.
 */
export interface CliIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stopped: AbortSignal;
  /** Whether stderr is a terminal, on which a line can be rewritten. */
  readonly isTty: boolean;
}
