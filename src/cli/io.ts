/**
 * What a command may touch of the process: where to write, and when to stop. Only `main.ts` knows the process itself, so
 * every command can be run by a test.
 */
export interface CliIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stopped: AbortSignal;
  /** Aborted by the second one: the process ends when its listeners return. */
  readonly ended?: AbortSignal;
  /** What SIGUSR2 does from now on. */
  readonly onReplace?: (listener: () => void) => void;
  /** Whether stderr is a terminal, on which a line can be rewritten. */
  readonly isTty: boolean;
}
