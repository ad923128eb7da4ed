/** What the main thread and the capture's thread tell each other: one union per direction. */

import type { CaptureSpec } from '../config/capture-spec.ts';
import type { FromThread } from '../thread/supervised-thread.ts';

export interface CaptureWorkerData {
  readonly spec: CaptureSpec;
  readonly queue: SharedArrayBuffer;
  /** The moment from which times count: on the wall, and on the process's clock. */
  readonly startedAtMs: number;
  readonly startedMs: number;
  /** The file of a thread that died; null for the first one. */
  readonly path: string | null;
  /** Made-up ids follow from it. It is never written anywhere. */
  readonly key: Uint8Array;
  /** See `ThreadSigns`. */
  readonly signs: SharedArrayBuffer;
}

export interface ToCapture {
  /** Write what is there, and end. */
  readonly type: 'close';
}

export type FromCapture =
  | Exclude<FromThread, { readonly type: 'ready' }>
  /** The file is there. */
  | { readonly type: 'ready'; readonly path: string }
  /** Something could not be written. It is tried again. */
  | { readonly type: 'error'; readonly message: string };
