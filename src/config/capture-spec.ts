/** The text of `--capture`: `FILE`, with options behind a question mark: `FILE?redact&compress=none`. Pure; any thread. */

export interface CaptureSpec {
  readonly path: string;
  /** Audio, ids and digits are replaced before anything is written. */
  readonly redact: boolean;
  readonly compress: 'zstd' | 'none';
  /** Who may read the file; `owner` if left out. */
  readonly access?: 'owner' | 'group';
}

const expected = 'expected a file, such as ./calls.acscap, ./calls.acscap?redact or ./calls.acscap?compress=none';

/** The capture that a text asks for, or what is wrong with it. */
export function parseCapture(text: string): CaptureSpec | { readonly problem: string } {
  const question = text.indexOf('?');
  const path = question < 0 ? text : text.slice(0, question);
  if (path === '' || path.endsWith('/')) return { problem: expected };
  let redact = false;
  let compress: CaptureSpec['compress'] = 'zstd';
  for (const [key, value] of new URLSearchParams(question < 0 ? '' : text.slice(question + 1))) {
    if (key === 'redact' && (value === '' || value === 'true')) redact = true;
    else if (key === 'compress' && (value === 'zstd' || value === 'none')) compress = value;
    else return { problem: expected };
  }
  return { path, redact, compress };
}

/** The capture that a text asks for that was found right. `access`: who may read its file. */
export function captureOf(text: string, access: 'owner' | 'group'): CaptureSpec {
  return { ...(parseCapture(text) as CaptureSpec), access };
}

/** What is wrong with the text of a capture, or null. */
export function captureProblem(text: string): string | null {
  const spec = parseCapture(text);
  return 'problem' in spec ? spec.problem : null;
}
