/**
 * Made-up ids in the place of real ones: of the same form and length, the same one for the same id, different ones for
 * different ids. They follow from a key that is not kept, so trying all phone numbers does not reveal them. Any thread.
 */
import { createHmac } from 'node:crypto';

/** Ids that are remembered. Beyond them all are forgotten; the key gives them the same names again. */
const idsMax = 200_000;
const attemptsMax = 64;
/** ACS's forms begin so: what kind of participant it is. */
const kindPrefix = /^(8:acs:|8:orgid:|8:teamsvisitor:|4:\+?|28:(?:orgid:)?)/;

const digits = '0123456789';
const hexLower = '0123456789abcdef';
const hexUpper = '0123456789ABCDEF';
const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
/** Every number of up to three of them is at most 222, and so a part of an address. */
const addressDigits = '12';

/** Text from a key and a count, as long as it is asked for. */
class Stream {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private blocks = 0;
  private readonly key: Uint8Array;
  private readonly text: string;

  constructor(key: Uint8Array, text: string) {
    this.key = key;
    this.text = text;
  }

  below(count: number): number {
    if (this.at + 2 > this.bytes.length) {
      this.bytes = createHmac('sha256', this.key)
        .update(`${this.blocks++} ${this.text}`)
        .digest();
      this.at = 0;
    }
    this.at += 2;
    return this.bytes.readUInt16LE(this.at - 2) % count;
  }
}

export class MadeUpIds {
  private readonly key: Uint8Array;
  private readonly known = new Map<string, string>();
  private readonly used = new Set<string>();

  constructor(key: Uint8Array) {
    this.key = key;
  }

  /** In ASCII, with as many bytes as the id has in UTF-8. */
  of(id: string): string {
    return this.find(id, (attempt) => this.like(id, attempt));
  }

  /** The same for an address of the Internet. */
  ofAddress(address: string): string {
    return this.find(address, (attempt) => {
      const stream = new Stream(this.key, `address ${attempt} ${address}`);
      return Array.from(address, (char) => {
        if (char >= '0' && char <= '9') return pick(attempt < attemptsMax / 2 ? addressDigits : digits, stream);
        return /[a-f]/i.test(char) ? pick('abcdef', stream) : /[.:]/.test(char) ? char : 'f';
      }).join('');
    });
  }

  private find(id: string, make: (attempt: number) => string): string {
    if (id === '') return id;
    const known = this.known.get(id);
    if (known !== undefined) return known;
    if (this.known.size >= idsMax) {
      this.known.clear();
      this.used.clear();
    }
    let made = make(0);
    // A short id has few others like it.
    for (let attempt = 1; attempt < attemptsMax && (this.used.has(made) || made === id); attempt++)
      made = make(attempt);
    this.known.set(id, made);
    this.used.add(made);
    return made;
  }

  private like(id: string, attempt: number): string {
    const stream = new Stream(this.key, `id ${attempt} ${id}`);
    const prefix = kindPrefix.exec(id)?.[0] ?? '';
    const rest = id.slice(prefix.length);
    const isHex = /^[0-9a-f_-]+$/i.test(rest) && /-/.test(rest);
    // In the second half, whatever fits: a form with few members is used up.
    const isWide = attempt >= attemptsMax / 2;
    let made = '';
    for (const char of rest) {
      if (char >= '0' && char <= '9') made += pick(isWide ? lower : isHex ? hexLower : digits, stream);
      else if (isHex && /[a-f]/.test(char)) made += pick(hexLower, stream);
      else if (isHex && /[A-F]/.test(char)) made += pick(hexUpper, stream);
      else if (char >= 'a' && char <= 'z') made += pick(lower, stream);
      else if (char >= 'A' && char <= 'Z') made += pick(upper, stream);
      else if (/[-_:.+@]/.test(char)) made += char;
      else for (let byte = Buffer.byteLength(char); byte > 0; byte--) made += pick(lower, stream);
    }
    return prefix + made;
  }
}

function pick(alphabet: string, stream: Stream): string {
  return alphabet[stream.below(alphabet.length)]!;
}
