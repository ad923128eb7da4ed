/** One connection of a client: its events taken as the services take them, its turns heard and answered. */
import type { WebSocket } from 'ws';
import { Hearing, type TurnListener } from './hearing.ts';
import type { StandInOptions } from './options.ts';
import { type Answer, Response, type ServerEvent } from './response.ts';
import { newSession, refusalOf, updated } from './session-config.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a client sends has any shape.
type ClientEvent = any;

export interface SessionHost {
  readonly options: StandInOptions;
  /** Counts answers, of all sessions. */
  nextAnswer(): number;
  said(answer: Answer, session: StandInSession): void;
}

/** What a session remembers of its client. */
const receivedMax = 1_000;

const commitMsMin = 100;
const hourMs = 3_600_000;
/** Beta's names are those of GA without the `output_`. */
const renamed = /^response\.output_(audio|audio_transcript)\./;

let ids = 0;

export class StandInSession {
  /** What the client sent, but its audio. */
  readonly received: { readonly atMs: number; readonly event: ClientEvent }[] = [];
  readonly answers: Answer[] = [];
  /** When the caller began and ended, on this process's clock. */
  readonly turns: { readonly beganAtMs: number; endedAtMs: number | null }[] = [];
  readonly errors: string[] = [];
  appends = 0;
  readonly hearing = new Hearing();
  private readonly socket: WebSocket;
  private readonly host: SessionHost;
  private config = newSession;
  private response: Response | null = null;
  private responses = 0;
  private userItem = '';
  /** Tool calls whose result has not come. */
  private readonly openCalls = new Set<string>();
  private thinking: NodeJS.Timeout | null = null;

  constructor(socket: WebSocket, host: SessionHost, model: string) {
    this.socket = socket;
    this.host = host;
    socket.on('message', (data: Buffer) => this.take(data.toString()));
    socket.on('close', () => this.stop());
    socket.on('error', () => {});
    const session = {
      object: 'realtime.session',
      id: this.newId('sess'),
      model,
      expires_at: (Date.now() + hourMs) / 1000,
    };
    this.emit({ type: 'session.created', session });
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }
  get toolNames(): string[] {
    return this.config.tools.map(({ name }) => name);
  }

  /** Loses the connection: `code` 0 without a word. */
  break(code = 0): void {
    if (code === 0) this.socket.terminate();
    else this.socket.close(code);
    this.stop();
  }

  emit(event: ServerEvent): void {
    const type = this.host.options.dialect === 'ga' ? event.type : event.type.replace(renamed, 'response.$1.');
    if (this.isOpen) this.socket.send(JSON.stringify({ ...event, type, event_id: this.newId('event') }));
  }

  newId(kind: string): string {
    return `${kind}_${process.pid.toString(36)}${(++ids).toString(36)}`;
  }

  private stop(): void {
    this.response?.stop();
    this.response = null;
    if (this.thinking !== null) clearTimeout(this.thinking);
  }

  private take(text: string): void {
    let event: ClientEvent;
    try {
      event = JSON.parse(text);
    } catch {
      this.fail('invalid_json', 'no JSON');
      return;
    }
    if (event.type === 'input_audio_buffer.append') {
      this.appends++;
      const { turnDetection } = this.config;
      this.hearing.append(Buffer.from(event.audio, 'base64'), turnDetection === null ? null : this.turnListener);
      return;
    }
    if (this.received.push({ atMs: performance.now(), event }) > receivedMax) this.received.shift();
    const handler = this.handlers[event.type];
    if (handler === undefined) this.fail('invalid_value', `unknown type ${event.type}`, event);
    else handler(event);
  }

  private readonly handlers: Readonly<Record<string, (event: ClientEvent) => void>> = {
    'session.update': (event) => {
      const { dialect } = this.host.options;
      const refusal = refusalOf(dialect, event.session);
      if (refusal !== null) {
        this.fail(refusal.code, refusal.message, event);
        return;
      }
      this.config = updated(dialect, event.session, this.config);
      this.emit({ type: 'session.updated', session: event.session });
    },
    'response.create': (event) => {
      if (this.response === null) this.respond(event.response?.metadata, false);
      else this.fail('conversation_already_has_active_response', `active response: ${this.response.id}`, event);
    },
    'response.cancel': (event) => {
      if (this.response !== null) this.response.cancel('client_cancelled');
      else this.fail('response_cancel_not_active', 'Cancellation failed: no active response found', event);
    },
    'conversation.item.truncate': (event) => this.truncate(event),
    'conversation.item.create': (event) => {
      const { item } = event;
      const isUnknown = item.type === 'function_call_output' && !this.openCalls.delete(item.call_id);
      if (isUnknown) this.fail('invalid_tool_call_id', `unknown ${item.call_id}`, event);
      else this.itemCreated({ id: this.newId('item'), ...item });
    },
    'input_audio_buffer.commit': (event) => {
      if (this.hearing.uncommittedMs < commitMsMin) {
        this.fail('input_audio_buffer_commit_empty', 'buffer too small', event);
        return;
      }
      this.userItem = this.newId('item');
      this.commit();
    },
  };

  private readonly turnListener: TurnListener = {
    began: (audio_start_ms) => {
      this.turns.push({ beganAtMs: performance.now(), endedAtMs: null });
      this.userItem = this.newId('item');
      this.emit({ type: 'input_audio_buffer.speech_started', audio_start_ms, item_id: this.userItem });
      if (this.thinking !== null) clearTimeout(this.thinking);
      if (this.config.turnDetection?.interrupt_response) this.response?.cancel('turn_detected');
    },
    ended: (audio_end_ms) => {
      this.turns.at(-1)!.endedAtMs = performance.now();
      this.emit({ type: 'input_audio_buffer.speech_stopped', audio_end_ms, item_id: this.userItem });
      this.commit();
      if (!this.config.turnDetection?.create_response) return;
      this.thinking = setTimeout(() => {
        if (this.response === null) this.respond(null, true);
      }, this.host.options.thinkMs);
    },
  };

  private commit(): void {
    this.hearing.uncommittedMs = 0;
    this.emit({ type: 'input_audio_buffer.committed', item_id: this.userItem });
    this.itemCreated({ id: this.userItem, type: 'message', role: 'user', content: [{ type: 'input_audio' }] });
  }

  private itemCreated(item: object): void {
    if (this.host.options.dialect === 'beta') {
      this.emit({ type: 'conversation.item.created', item });
      return;
    }
    this.emit({ type: 'conversation.item.added', item });
    this.emit({ type: 'conversation.item.done', item });
  }

  private truncate(event: ClientEvent): void {
    const { item_id, content_index, audio_end_ms } = event;
    const answer = this.answers.find(({ itemId }) => itemId === item_id);
    const lengthMs = Math.max(0, (answer?.sentMs ?? 0) - this.host.options.shortMs);
    if (answer === undefined) this.fail('item_truncate_invalid_item_id', `no item ${item_id}`, event);
    else if (!Number.isInteger(audio_end_ms)) this.fail('invalid_type', 'audio_end_ms', event);
    else if (audio_end_ms > lengthMs) {
      this.fail(null, `Audio content of ${lengthMs}ms is already shorter than ${audio_end_ms}ms`, event);
    } else {
      answer.truncatedMs = audio_end_ms;
      this.emit({ type: 'conversation.item.truncated', item_id, content_index, audio_end_ms });
    }
  }

  private respond(metadata: unknown, isTurn: boolean): void {
    const { options } = this.host;
    const response = new Response(
      {
        options,
        emit: (event) => this.emit(event),
        newId: (kind) => this.newId(kind),
        // One way of losing it after the other.
        break: () => this.break([0, 1011, 1012][this.responses % 3]),
        done: () => {
          this.response = null;
        },
      },
      metadata,
    );
    const isEvery = (every: number) => every > 0 && this.responses % every === every - 1;
    const fails = isEvery(options.failEvery);
    const tool = isTurn && isEvery(options.toolEvery) ? this.config.tools[0] : undefined;
    this.responses++;
    this.response = response;
    response.begin();
    if (fails) response.fail('rate_limit_exceeded');
    else if (tool !== undefined) this.openCalls.add(response.callTool(tool.name, '{"day":\n"Sunday"}'));
    else {
      const number = this.host.nextAnswer();
      const answer = response.say(number, options.breakEvery > 0 && number % options.breakEvery === 0);
      this.answers.push(answer);
      this.host.said(answer, this);
    }
  }

  private fail(code: string | null, message: string, event: ClientEvent = {}): void {
    this.errors.push(`${event.type}: ${code ?? message}`);
    const error = { type: 'invalid_request_error', code, message, param: null, event_id: event.event_id ?? null };
    this.emit({ type: 'error', error });
  }
}
