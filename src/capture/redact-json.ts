/**
 * Goes through the text of a JSON value that is known to be valid, and replaces every key, string and number by what a rule
 * says, so that the result has the same structure and the same number of bytes. Where a replacement is shorter than what
 * was there (escapes, characters beyond ASCII), spaces make up for it behind it. Pure; any thread.
 */

export interface JsonRules {
  /** A key, decoded: itself, or another one in ASCII that is no longer. `path` leads to the object that it stands in. */
  key(key: string, path: readonly string[]): string;
  /** A string, decoded; the answer is in ASCII, needs no escapes, and has no more bytes than the string has in UTF-8. */
  text(text: string, path: readonly string[]): string;
  /** A number as it is written; the answer is a number of the same length. */
  number(text: string, path: readonly string[]): string;
}

/** Of nesting; JSON.parse takes more, and a message of ACS has two. */
const depthMax = 1000;

const quote = 0x22;
const backslash = 0x5c;

export class JsonRedactor {
  private readonly rules: JsonRules;
  private bytes: Buffer = Buffer.alloc(0);
  private out: Buffer = Buffer.alloc(0);
  private at = 0;
  private readonly path: string[] = [];

  constructor(rules: JsonRules) {
    this.rules = rules;
  }

  /** `bytes` must be JSON. Null when it is nested too deeply. */
  redact(bytes: Buffer): Buffer | null {
    this.bytes = bytes;
    this.out = Buffer.from(bytes);
    this.at = 0;
    this.path.length = 0;
    return this.value(0) ? this.out : null;
  }

  private skipSpace(): number {
    let byte = this.bytes[this.at];
    while (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) byte = this.bytes[++this.at];
    return byte ?? 0;
  }

  private value(depth: number): boolean {
    if (depth > depthMax) return false;
    const first = this.skipSpace();
    if (first === quote) this.replaceString((text) => this.rules.text(text, this.path));
    else if (first === 0x7b) return this.members(depth);
    else if (first === 0x5b) return this.elements(depth);
    else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) this.replaceNumber();
    // true, false, null
    else this.at += first === 0x66 ? 5 : 4;
    return true;
  }

  private members(depth: number): boolean {
    this.at++;
    if (this.skipSpace() === 0x7d) {
      this.at++;
      return true;
    }
    for (;;) {
      this.skipSpace();
      const key = this.replaceString((text) => this.rules.key(text, this.path));
      this.skipSpace();
      this.at++;
      this.path.push(key);
      const isDone = this.value(depth + 1);
      this.path.pop();
      if (!isDone) return false;
      const next = this.skipSpace();
      this.at++;
      if (next !== 0x2c) return true;
    }
  }

  private elements(depth: number): boolean {
    this.at++;
    if (this.skipSpace() === 0x5d) {
      this.at++;
      return true;
    }
    this.path.push('[]');
    for (;;) {
      if (!this.value(depth + 1)) return false;
      const next = this.skipSpace();
      this.at++;
      if (next !== 0x2c) break;
    }
    this.path.pop();
    return true;
  }

  /** Returns the string that was there. */
  private replaceString(rule: (text: string) => string): string {
    const { bytes, out } = this;
    const start = this.at;
    let isEscaped = false;
    let end = start + 1;
    while (bytes[end] !== quote) {
      if (bytes[end] === backslash) {
        isEscaped = true;
        end++;
      }
      end++;
    }
    this.at = end + 1;
    const raw = bytes.toString('utf8', start + 1, end);
    const text = isEscaped ? (JSON.parse(`"${raw}"`) as string) : raw;
    const made = rule(text);
    if (made !== raw) {
      // Behind a string, JSON does not mind spaces.
      out.fill(0x20, start + 1, this.at);
      const written = out.write(made, start + 1, end - start - 1, 'latin1');
      out[start + 1 + written] = quote;
    }
    return text;
  }

  private replaceNumber(): void {
    const start = this.at;
    while (/[-+.\deE]/.test(String.fromCharCode(this.bytes[this.at] ?? 0))) this.at++;
    const text = this.bytes.toString('latin1', start, this.at);
    this.out.write(this.rules.number(text, this.path), start, 'latin1');
  }
}
