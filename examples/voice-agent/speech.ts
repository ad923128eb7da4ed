/**
 * What the model says, on its way into the call: an utterance for each of its items. A model is ten times faster than speech, so what
 * does not fit into the call's queue waits here. Worker thread. Invariant: after `cut` nothing of what was added before is heard.
 */
import type { PlaybackWriter, Utterance } from '../../src/index.ts';
import { modelRate } from './dialect.ts';

export interface SpokenItem {
  readonly id: string;
  readonly contentIndex: number;
  /** Audio that the model has sent. */
  receivedMs: number;
}

/** Whose items they are: a session of the model. */
export interface Speaker {
  /** An item was cut off: so much of it was heard. */
  interrupted(item: SpokenItem, playedMs: number): void;
}

interface Item extends SpokenItem {
  readonly speaker: Speaker;
  utterance: Utterance | null;
}

/** `null` ends the item. */
interface Piece {
  readonly item: Item;
  readonly samples: Int16Array | null;
}

const idBytesMax = 40;

function decode(base64: string): Int16Array {
  const bytes = Buffer.from(base64, 'base64');
  // A copy: bytes of a pooled buffer may begin at an odd address.
  return new Int16Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 2));
}

export class Speech {
  private readonly playback: PlaybackWriter;
  /** In the order in which they are heard, until their last sample is in the call's queue. */
  private readonly items = new Map<string, Item>();
  private pieces: Piece[] = [];
  private isWriting = false;

  constructor(playback: PlaybackWriter) {
    this.playback = playback;
  }

  add(speaker: Speaker, itemId: string, contentIndex: number, base64: string): void {
    const item = this.items.get(itemId) ?? { id: itemId, contentIndex, receivedMs: 0, speaker, utterance: null };
    this.items.set(itemId, item);
    const samples = decode(base64);
    item.receivedMs += (samples.length * 1000) / modelRate;
    this.pieces.push({ item, samples });
    void this.write();
  }

  /** No audio of the item follows. */
  end(itemId: string): void {
    const item = this.items.get(itemId);
    if (item === undefined) return;
    this.pieces.push({ item, samples: null });
    void this.write();
  }

  /** No audio of any item follows: what is there is said to its end. */
  endAll(): void {
    for (const id of this.items.keys()) this.end(id);
  }

  /** Silence, at once. Also when all was sent: the call may have to hear seconds of it yet. */
  cut(): void {
    this.pieces = [];
    for (const item of this.items.values()) {
      if (item.utterance === null) item.speaker.interrupted(item, 0);
    }
    this.items.clear();
    this.playback.clear();
  }

  /** One at a time: pieces are written in order, however long one waits for room. */
  private async write(): Promise<void> {
    if (this.isWriting) return;
    this.isWriting = true;
    for (let piece = this.pieces.shift(); piece !== undefined; piece = this.pieces.shift()) {
      const { item, samples } = piece;
      if (samples === null) {
        item.utterance?.end();
        this.items.delete(item.id);
        continue;
      }
      item.utterance ??= this.begin(item);
      await fill(item.utterance, samples);
    }
    this.isWriting = false;
  }

  private begin(item: Item): Utterance {
    const utterance = this.playback.begin({ sampleRate: modelRate, id: item.id.slice(0, idBytesMax) });
    void utterance.played().then(({ playedMs, isCleared }) => {
      if (isCleared) item.speaker.interrupted(item, playedMs);
    });
    return utterance;
  }
}

async function fill(utterance: Utterance, samples: Int16Array): Promise<void> {
  for (let at = 0; at < samples.length && utterance.state === 'open'; ) {
    at += utterance.write(samples.subarray(at));
    if (at < samples.length) await utterance.writable();
  }
}
