/** What a replay is asked for. Any thread. */

export interface ReplayOptions {
  readonly url: string;
  readonly files: readonly string[];
  /** How many times as fast as it was; infinite: as fast as the server takes it. */
  readonly speed: number;
  /** Beside those of the capture. */
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
}
