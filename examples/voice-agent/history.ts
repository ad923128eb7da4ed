/**
 * What was said so far, as text: a new session of the model has not heard it. Worker thread. An answer that was cut off keeps the
 * share of its words that the caller has heard of its sound.
 */
import { messageItem } from './dialect.ts';
import type { Dialect } from './settings.ts';

interface Message {
  readonly id: string;
  readonly role: 'user' | 'assistant';
  text: string;
}

/** Older ones are forgotten. */
const messagesMax = 40;

export class History {
  private readonly messages: Message[] = [];

  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  add(role: Message['role'], id: string, text: string): void {
    const last = this.messages.at(-1);
    if (last?.id === id) {
      last.text += text;
      return;
    }
    this.messages.push({ id, role, text });
    if (this.messages.length > messagesMax) this.messages.shift();
  }

  textOf(id: string): string {
    return this.messages.findLast((message) => message.id === id)?.text ?? '';
  }

  cut(id: string, share: number): void {
    const message = this.messages.findLast((one) => one.id === id);
    if (message === undefined) return;
    message.text = message.text.slice(0, Math.floor(message.text.length * share));
    if (message.text === '') this.messages.splice(this.messages.indexOf(message), 1);
    else message.text += '…';
  }

  /** As events that tell a session. */
  replay(dialect: Dialect): object[] {
    return this.messages.map(({ role, text }) => messageItem(dialect, role, text));
  }
}
