/**
 * One response as it comes over the wire: an item of audio with its transcript, or a tool call. Invariants: everything that was begun
 * is done, also when it is broken off; `response.done` is the last of it.
 */
import { modelRate } from '../dialect.ts';
import type { StandInOptions } from './options.ts';
import { samplesOf } from './sound.ts';

/** An item that was said. */
export interface Answer {
  readonly number: number;
  readonly itemId: string;
  readonly responseId: string;
  readonly ms: number;
  /** On this process's clock. */
  readonly createdAtMs: number;
  sentMs: number;
  /** What the client says was heard of it; null: all. */
  truncatedMs: number | null;
  status: 'in_progress' | 'completed' | 'incomplete';
}

export interface ServerEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ResponseHost {
  readonly options: StandInOptions;
  emit(event: ServerEvent): void;
  newId(kind: string): string;
  /** The connection is lost, now. */
  break(): void;
  done(): void;
}

const bytesPerMs = (2 * modelRate) / 1000;

export class Response {
  readonly id: string;
  /** What it says; null for one that calls a tool. */
  answer: Answer | null = null;
  private readonly host: ResponseHost;
  private readonly metadata: unknown;
  private timer: NodeJS.Timeout | null = null;
  private pcm: Buffer = Buffer.alloc(0);
  private sentBytes = 0;
  private isOver = false;

  constructor(host: ResponseHost, metadata: unknown) {
    this.host = host;
    this.id = host.newId('resp');
    this.metadata = metadata ?? null;
  }

  begin(): void {
    this.host.emit({ type: 'response.created', response: this.described('in_progress') });
  }

  say(number: number, breaks: boolean): Answer {
    const { options } = this.host;
    const itemId = this.host.newId('item');
    const { id: responseId } = this;
    const answer: Answer = {
      number,
      itemId,
      responseId,
      ms: options.answerMs,
      createdAtMs: performance.now(),
      sentMs: 0,
      truncatedMs: null,
      status: 'in_progress',
    };
    this.answer = answer;
    const samples = samplesOf(options.sound, number, options.answerMs);
    this.pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    this.later(options.firstAudioMs, () => {
      const item = { id: itemId, type: 'message', role: 'assistant', status: 'in_progress', content: [] };
      this.emit('response.output_item.added', { item });
      this.itemAdded(item);
      this.emitPart('response.content_part.added', { part: { type: 'audio', transcript: '' } });
      this.deltas(breaks);
    });
    return answer;
  }

  callTool(name: string, input: string): string {
    const callId = this.host.newId('call');
    const item = { id: this.host.newId('item'), type: 'function_call', name, call_id: callId };
    this.later(this.host.options.firstAudioMs, () => {
      const begun = { ...item, status: 'in_progress', arguments: '' };
      this.emit('response.output_item.added', { item: begun });
      this.itemAdded(begun);
      const place = { item_id: item.id, call_id: callId };
      this.emit('response.function_call_arguments.delta', { ...place, delta: input });
      this.emit('response.function_call_arguments.done', { ...place, name, arguments: input });
      const whole = { ...item, status: 'completed', arguments: input };
      this.itemDone(whole);
      this.emit('response.output_item.done', { item: whole });
      this.end('completed', null, [whole]);
    });
    return callId;
  }

  fail(code: string): void {
    this.end('failed', { type: 'failed', error: { type: 'server_error', code } });
  }

  /** Breaks it off. Some of it may come nevertheless. */
  cancel(reason: 'turn_detected' | 'client_cancelled'): void {
    if (this.isOver) return;
    if (this.timer !== null) clearTimeout(this.timer);
    const { answer } = this;
    if (answer !== null && answer.sentMs > 0) {
      for (let n = 0; n < this.host.options.lateDeltas; n++) this.delta();
      this.finishItem('incomplete');
    }
    this.end('cancelled', { type: 'cancelled', reason });
  }

  /** The connection is gone. */
  stop(): void {
    this.isOver = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private deltas(breaks: boolean): void {
    const { options } = this.host;
    if (breaks && this.sentBytes > this.pcm.length / 2) {
      this.host.break();
      return;
    }
    if (this.sentBytes < this.pcm.length) {
      this.delta();
      this.later(options.deltaMs / options.pace, () => this.deltas(breaks));
      return;
    }
    this.finishItem('completed');
    this.end('completed', null, [{ id: this.answer!.itemId, type: 'message', status: 'completed' }]);
  }

  private delta(): void {
    const bytes = Math.min(this.pcm.length - this.sentBytes, Math.round(this.host.options.deltaMs * bytesPerMs) & ~1);
    if (bytes === 0) return;
    const isFirst = this.sentBytes === 0;
    const audio = this.pcm.subarray(this.sentBytes, this.sentBytes + bytes);
    this.sentBytes += bytes;
    this.answer!.sentMs = this.sentBytes / bytesPerMs;
    // It runs ahead of the audio.
    if (isFirst) this.emitPart('response.output_audio_transcript.delta', { delta: this.words });
    this.emitPart('response.output_audio.delta', { delta: audio.toString('base64') });
  }

  private finishItem(status: 'completed' | 'incomplete'): void {
    const answer = this.answer!;
    answer.status = status;
    this.emitPart('response.output_audio.done', {});
    this.emitPart('response.output_audio_transcript.done', { transcript: this.words });
    this.emitPart('response.content_part.done', { part: { type: 'audio', transcript: this.words } });
    const item = { id: answer.itemId, type: 'message', role: 'assistant', status };
    this.itemDone(item);
    this.emit('response.output_item.done', { item });
  }

  private get words(): string {
    return `answer ${this.answer!.number}`;
  }

  private end(status: string, details: object | null, output: object[] = []): void {
    this.isOver = true;
    this.host.emit({ type: 'response.done', response: { ...this.described(status), status_details: details, output } });
    this.host.done();
  }

  private described(status: string): object {
    return { object: 'realtime.response', id: this.id, status, output: [], metadata: this.metadata };
  }

  private itemAdded(item: object): void {
    const type = this.host.options.dialect === 'ga' ? 'conversation.item.added' : 'conversation.item.created';
    this.host.emit({ type, item });
  }
  private itemDone(item: object): void {
    if (this.host.options.dialect === 'ga') this.host.emit({ type: 'conversation.item.done', item });
  }

  private emit(type: string, fields: object): void {
    this.host.emit({ type, response_id: this.id, output_index: 0, ...fields });
  }
  private emitPart(type: string, fields: object): void {
    this.emit(type, { item_id: this.answer!.itemId, content_index: 0, ...fields });
  }

  private later(ms: number, action: () => void): void {
    this.timer = setTimeout(() => {
      if (!this.isOver) action();
    }, ms);
  }
}
