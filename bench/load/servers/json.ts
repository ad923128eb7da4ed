/** What an expert writes first: uWebSockets.js, and `JSON.parse` and base64 in its handler. */
import { Accounting } from './accounting.ts';
import { listen } from './front-end.ts';

interface Message {
  readonly kind?: string;
  readonly audioData?: { readonly data?: string };
}

const accounting = new Accounting();

function take(bytes: ArrayBuffer): void {
  const beginMs = accounting.begin();
  const message = JSON.parse(Buffer.from(bytes).toString()) as Message;
  if (message.kind !== 'AudioData') return;
  accounting.decoded(Buffer.from(message.audioData?.data ?? '', 'base64'), beginMs);
}

accounting.serve(() => listen(take));
