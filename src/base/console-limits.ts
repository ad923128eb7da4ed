/** The limits of the console, each with what it costs. */

export const consoleLimits = {
  /**
   * How often pages get an update, and the shares of a core that the thread may use for them and for an order by level: with more to do they come
   * less often.
   */
  updateMs: 100,
  share: 0.1,
  sweepShare: 0.05,
  /** Pages and listeners at a time. Each costs what its peer has not read: an update of up to some hundred kilobytes, or this much sound. */
  viewers: 32,
  listeners: 16,
  soundBytesMax: 48_000,
  /** Some hundred bytes each. */
  sessions: 100,
  sessionMs: 8 * 3_600_000,
  /** As long as secrets may be. */
  tokenBytesMax: 4096,
  /** What a wrong token costs the budget of logins, ms: with 5 % of the time two or three guesses a second. */
  wrongTokenMs: 20,
  /** Logins that wait for their turn; one more gets 429. Each costs a request. */
  loginsWaiting: 16,
  /** What pages may send: a search and a dozen words, twenty times a second. */
  messageBytesMax: 4096,
  messagesPerSecond: 20,
  /** A peer that reads nothing for so long is cut off. */
  deafMs: 30_000,
  /** How long the thread stays when the last page has left, as for a reload. */
  lingerMs: 2_000,
} as const;
