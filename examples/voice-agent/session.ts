/**
 * One session of the model: from a socket that opens to one that closes. Worker thread. What it hears of the model becomes speech,
 * interruptions, tool calls and history; nothing of it outlives it but what the call has still to hear.
 */
import { createResponse, isAskedFor, type ModelEvent, sessionUpdate, typeOf } from './dialect.ts';
import type { History } from './history.ts';
import type { Tell } from './messages.ts';
import { ModelSocket } from './model-socket.ts';
import type { AgentSettings } from './settings.ts';
import type { Speaker, Speech, SpokenItem } from './speech.ts';
import { ToolCalls } from './tool-calls.ts';
import type { Tool, ToolContext } from './tools.ts';
import { Turns } from './turns.ts';

export interface SessionOptions {
  readonly settings: AgentSettings;
  readonly tools: readonly Tool[];
  readonly call: Omit<ToolContext, 'signal'>;
  readonly speech: Speech;
  readonly history: History;
  readonly tell: Tell;
  /** It has taken its settings, and hears. */
  readonly ready: () => void;
  readonly closed: (reason: string) => void;
}

/** A model's own count of its audio may be that much shorter than what it has sent. */
const marginMs = 100;
const retryMs = 1_000;
const retriesMax = 2;

export class Session implements Speaker {
  readonly turns: Turns;
  /** It hears. */
  isReady = false;
  private retry: NodeJS.Timeout | null = null;
  private readonly options: SessionOptions;
  private readonly socket: ModelSocket;
  private readonly calls: ToolCalls;
  /** Heard since the last turn was committed: committing nothing is an error. */
  private hasHeard = false;
  private failures = 0;

  constructor(options: SessionOptions) {
    const { settings, tools, call, tell } = options;
    this.options = options;
    const send = (event: object) => this.socket.send(event);
    this.calls = new ToolCalls({ tools, call, send, tell });
    this.turns = new Turns({
      create: (instructions) => send(createResponse(settings, instructions)),
      cancel: (response_id) => send({ type: 'response.cancel', response_id }),
      serverCancels: settings.turns !== 'local',
    });
    this.socket = new ModelSocket(settings, {
      event: (event) => this.takeSafely(event),
      closed: (reason) => {
        this.stop();
        options.closed(reason);
      },
    });
  }

  /** Nobody waits for an answer, or gives one. */
  get isIdle(): boolean {
    return this.turns.isIdle && this.retry === null;
  }

  hear(audio: string): void {
    this.hasHeard = true;
    this.socket.append(audio);
  }

  /** The caller speaks: the agent falls silent. */
  callerBegan(): void {
    this.turns.callerBegan();
    this.options.speech.cut();
    this.options.tell({ type: 'callerBegan' });
  }

  callerEnded(): void {
    this.options.tell({ type: 'callerEnded' });
    this.turns.callerEnded();
  }

  /** The caller has ended, as this process found: the server does not look. */
  commit(): void {
    this.callerEnded();
    if (!this.hasHeard) return;
    this.hasHeard = false;
    this.socket.send({ type: 'input_audio_buffer.commit' });
    this.turns.request();
  }

  /** What the model believes to have said is cut to what was heard. */
  interrupted({ id, contentIndex, receivedMs }: SpokenItem, playedMs: number): void {
    if (playedMs >= receivedMs) return;
    this.options.tell({ type: 'interrupted', itemId: id, playedMs, receivedMs });
    this.options.history.cut(id, playedMs / receivedMs);
    const audio_end_ms = Math.max(0, Math.floor(Math.min(playedMs, receivedMs - marginMs)));
    this.socket.send({ type: 'conversation.item.truncate', item_id: id, content_index: contentIndex, audio_end_ms });
  }

  close(): void {
    this.stop();
    this.socket.close();
  }

  private stop(): void {
    this.isReady = false;
    this.calls.stop();
    if (this.retry !== null) clearTimeout(this.retry);
  }

  /** An event that is not as it should be is no reason to end this call, or all others with it. */
  private takeSafely(event: ModelEvent): void {
    try {
      this.take(event);
    } catch (error) {
      this.options.tell({ type: 'trouble', what: `${event.type}: ${error}` });
    }
  }

  private take(event: ModelEvent): void {
    const { settings, tools, speech, history, tell } = this.options;
    const { response_id: responseId = '', item_id: itemId = '', item, response } = event;
    switch (typeOf(event)) {
      case 'session.created':
        this.socket.send(sessionUpdate(settings, tools));
        for (const message of history.replay(settings.dialect)) this.socket.send(message);
        break;
      case 'session.updated':
        if (this.isReady) break;
        this.isReady = true;
        this.options.ready();
        break;
      case 'input_audio_buffer.speech_started':
        this.callerBegan();
        break;
      case 'input_audio_buffer.speech_stopped':
        this.callerEnded();
        break;
      case 'conversation.item.input_audio_transcription.completed':
        history.add('user', itemId, event.transcript ?? '');
        tell({ type: 'callerSaid', text: event.transcript ?? '' });
        break;
      case 'response.created':
        this.turns.created(response!.id, isAskedFor(event));
        tell({ type: 'answering', responseId: response!.id });
        break;
      case 'response.output_audio.delta':
        if (this.turns.maySpeak(responseId)) speech.add(this, itemId, event.content_index ?? 0, event.delta ?? '');
        break;
      case 'response.output_audio.done':
        if (this.turns.maySpeak(responseId)) speech.end(itemId);
        break;
      case 'response.output_audio_transcript.delta':
        if (this.turns.maySpeak(responseId)) history.add('assistant', itemId, event.delta ?? '');
        break;
      case 'response.output_audio_transcript.done':
        if (this.turns.maySpeak(responseId)) tell({ type: 'said', itemId, text: event.transcript ?? '' });
        break;
      case 'response.output_item.done':
        // One that was broken off is not a call: half of its input is missing.
        if (item?.type === 'function_call' && item.status !== 'incomplete') this.calls.start(responseId, item);
        break;
      case 'response.done':
        void this.done(response!);
        break;
      case 'error':
        this.failed(event.error?.code ?? '', event.error?.message ?? '');
        break;
    }
  }

  private async done({ id, status, status_details }: NonNullable<ModelEvent['response']>): Promise<void> {
    const { number } = this.turns;
    if (this.turns.maySpeak(id)) this.options.speech.endAll();
    this.turns.done(id);
    if (await this.calls.answered(id)) {
      if (number === this.turns.number) this.turns.request();
      return;
    }
    if (status !== 'failed') {
      this.failures = 0;
      return;
    }
    const { error, reason } = status_details ?? {};
    this.options.tell({ type: 'trouble', what: `the model did not answer: ${error?.code ?? reason ?? 'no reason'}` });
    if (++this.failures > retriesMax) return;
    this.retry = setTimeout(() => {
      this.retry = null;
      if (number === this.turns.number) this.turns.request();
    }, retryMs * this.failures);
  }

  /** Nearly all errors leave the session as it was; what ends it closes the socket too. */
  private failed(code: string, message: string): void {
    if (code === 'conversation_already_has_active_response') this.turns.refused();
    // It had ended by itself in the same moment.
    else if (code !== 'response_cancel_not_active')
      this.options.tell({ type: 'trouble', what: `${code} ${message}`.trim() });
  }
}
