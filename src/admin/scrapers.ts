/**
 * Who scrapes the metrics, and when each last asked. How a process ended is seen only by who asks once more: after that there is
 * nothing left to ask. Main thread.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { withTimeout } from '../base/deadline.ts';

/** How long after its last call the process stays for those who scrape: longer than their interval. And how many of them it knows. */
export const lastScrape = { msMax: 20_000, scrapersMax: 8 } as const;

/** Prometheus, and whatever scrapes as it does, says with this how long it waits. People and tests do not. */
const scrapeHeader = 'x-prometheus-scrape-timeout-seconds';
/** Who has not asked for so long does not scrape any more. */
const scraperLivesMs = 60_000;

export class Scrapers {
  /** When each, by its address, asked for the last answer that it got whole; the one that is longest ago first. */
  private readonly askedMs = new Map<string, number>();
  private onAnswered: () => void = () => {};

  /** A request for the metrics, before they are read. */
  asked({ headers, socket }: IncomingMessage, response: ServerResponse): void {
    const address = socket.remoteAddress;
    if (headers[scrapeHeader] === undefined || address === undefined) return;
    const nowMs = performance.now();
    response.once('finish', () => {
      this.askedMs.delete(address);
      this.askedMs.set(address, nowMs);
      if (this.askedMs.size > lastScrape.scrapersMax) this.askedMs.delete(this.askedMs.keys().next().value!);
      this.onAnswered();
    });
  }

  /** Resolves when all who scrape have asked from now on and been answered, or it is too long since the calls ended. */
  async askOnceMore(callsEndedMs: number): Promise<void> {
    const sinceMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.onAnswered = () => {
      if (!this.isAwaited(sinceMs)) resolve();
    };
    this.onAnswered();
    await withTimeout(Math.max(0, callsEndedMs + lastScrape.msMax - sinceMs), promise);
  }

  private isAwaited(sinceMs: number): boolean {
    const livesSinceMs = performance.now() - scraperLivesMs;
    return [...this.askedMs.values()].some((askedMs) => askedMs < sinceMs && askedMs > livesSinceMs);
  }
}
