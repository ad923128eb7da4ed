/**
 * Whose turn it is: which response may speak, and when another one may be asked for. Pure; worker thread. Invariants: only the
 * response that began last, and after the caller's last interruption, is heard; one is asked for only while none runs.
 */
export interface TurnsOptions {
  /** Asks the model for a response. */
  readonly create: (instructions: string) => void;
  /** Breaks one off. */
  readonly cancel: (responseId: string) => void;
  /** The model's server breaks off by itself what runs when the caller begins to speak: a second time would be an error. */
  readonly serverCancels: boolean;
}

export class Turns {
  /** Counts the caller's turns: what was meant as part of an earlier one comes too late. */
  number = 0;
  private readonly options: TurnsOptions;
  /** Responses that have begun and not ended: two, if one was broken off and takes its time. */
  private readonly running = new Set<string>();
  private speaking: string | null = null;
  private callerSpeaks = false;
  private isAsked = false;
  private wanted: string | null = null;
  /** The caller has said something, and no response has begun. */
  private isOwed = false;

  constructor(options: TurnsOptions) {
    this.options = options;
  }

  /** The model speaks, or is about to. */
  get isAnswering(): boolean {
    return this.speaking !== null || this.isAsked || this.wanted !== null || this.isOwed;
  }
  /** Nothing continues. */
  get isIdle(): boolean {
    return this.running.size === 0 && !this.callerSpeaks && !this.isAnswering;
  }

  maySpeak(responseId: string | undefined): boolean {
    return responseId !== undefined && responseId === this.speaking;
  }

  callerBegan(): void {
    this.number++;
    this.callerSpeaks = true;
    this.wanted = null;
    this.speaking = null;
    if (!this.options.serverCancels) for (const id of this.running) this.options.cancel(id);
  }

  callerEnded(): void {
    this.callerSpeaks = false;
    this.isOwed = true;
    this.next();
  }

  /** Wants a response, as soon as there may be one. */
  request(instructions = ''): void {
    this.wanted = instructions;
    this.next();
  }

  /** `isOurs`: it is the one that was asked for; the server begins others when the caller has ended. */
  created(responseId: string, isOurs: boolean): void {
    if (isOurs) this.isAsked = false;
    this.running.add(responseId);
    this.isOwed = false;
    if (!this.callerSpeaks) {
      this.speaking = responseId;
      return;
    }
    // It was asked for before the caller began, when there was nothing yet to be broken off.
    this.speaking = null;
    this.options.cancel(responseId);
  }

  /** The server had begun one by itself in the same moment: ours follows it. */
  refused(): void {
    if (!this.isAsked) return;
    this.isAsked = false;
    if (!this.callerSpeaks) this.wanted ??= '';
    this.next();
  }

  done(responseId: string): void {
    this.running.delete(responseId);
    this.isAsked = false;
    if (this.speaking === responseId) this.speaking = null;
    this.next();
  }

  private next(): void {
    if (this.wanted === null || this.isAsked || this.callerSpeaks || this.running.size > 0) return;
    const instructions = this.wanted;
    this.wanted = null;
    this.isAsked = true;
    this.options.create(instructions);
  }
}
