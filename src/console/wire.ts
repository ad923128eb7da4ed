/**
 * What the console's page and the gateway say to each other. The page and its parts come from `GET /console`; `POST /console/login` with the
 * token as its body sets the cookie, `POST /console/logout` takes it back, `GET /console/session` answers `Session`, or 401. Everything live
 * goes over one WebSocket, `/console/live`: the page sends `Want` as JSON text and gets updates as JSON text, ten times a second at most, none
 * while it does not read. Sound has a WebSocket of its own, `/console/sound?stream=ID&participant=NUMBER` (without `participant`: all of them,
 * mixed, with what the gateway says): one JSON text, `SoundHead`, and again if the rate changes, then binary messages of `SoundBytes`.
 *
 * `login` and `logout` answer 204; a wrong token 401. Without an `--admin-token` (loopback only) `session` itself sets the cookie. A socket is
 * refused with 401 (no session), 403 (another origin; hearing is off), 404 (no such stream or participant) or 503 (too many). It is closed with
 * 4401 when the session is over, 1008 for what no page sends, 1001 when the gateway ends; the sound's with 1000 when no more of it can come.
 * Page and gateway.
 */

/** Where everything of the console begins. */
export interface Session {
  /** Whether `--console-audio` is on. */
  readonly mayListen: boolean;
  readonly version: string;
}

/** What rows can be sorted by. */
export const sortKeys = [
  'connectedAt',
  'callId',
  'label',
  'mode',
  'sampleRate',
  'participants',
  'level',
  'jitter',
  'missing',
  'state',
  'speaking',
] as const;
export type SortKey = (typeof sortKeys)[number];
/** Characters of a search, and rows, that a page may ask for at most. */
export const searchCharsMax = 256;
export const rowsMax = 100;

/** Replaces what this socket wanted before. */
export type Want = WantOverview | WantCall;

export interface WantOverview {
  readonly want: 'overview';
  readonly sort: SortKey;
  readonly descending: boolean;
  /** Text that a row must have in one of its ids or labels, without regard to case; up to `searchCharsMax` characters. */
  readonly search: string;
  /** Rows in one of these states only; empty: all. */
  readonly states: readonly string[];
  /** The first row that is to be seen, from 0, and how many; up to `rowsMax`. */
  readonly first: number;
  readonly count: number;
}

export interface WantCall {
  readonly want: 'call';
  /** `Row.id`. */
  readonly stream: string;
}

export type Update = Overview | Call | Gone | Refused;

/** The level of silence. */
export const silentLevelDb = -96;
/** A participant's level: the loudest sample of the last tenth of a second in dBFS, `silentLevelDb` at least. */
export type LevelDb = number;

export interface Row {
  /** The gateway's own id of the stream. */
  readonly id: string;
  readonly callId: string | null;
  readonly correlationId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly mode: 'pending' | 'mixed' | 'unmixed';
  /** Hz; null while unknown. */
  readonly sampleRate: number | null;
  /** ISO 8601. */
  readonly connectedAt: string;
  /** As in `/streams`. */
  readonly state: string;
  /** Of each participant, in the order of `/streams`; up to 16. */
  readonly levels: readonly LevelDb[];
  readonly participants: number;
  /** The worst of its participants now. */
  readonly jitterMs: number;
  readonly missingFrames: number;
  readonly droppedMessages: number;
  /** null: playback was never asked for. */
  readonly playback: { readonly isSpeaking: boolean; readonly queuedMs: number } | null;
}

export interface SinkRow {
  readonly name: string;
  readonly isReady: boolean;
  /** Frames that are in rings and not read by it. */
  readonly unreadFrames: number;
  /** Frames that were overwritten before it read them. */
  readonly lappedFrames: number;
}

export interface Totals {
  readonly atMs: number;
  readonly streams: number;
  readonly participants: number;
  readonly framesPerSecond: number;
  /** Messages dropped since the start, by reason; only reasons with a count. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Over the last ten seconds or so; null while there was nothing. */
  readonly residenceP99Ms: number | null;
  /** Of the main thread, over the last ten seconds or so. */
  readonly eventLoopDelayP99Ms: number | null;
  readonly speakingStreams: number;
  readonly listeners: number;
  readonly sinks: readonly SinkRow[];
}

export interface Overview {
  readonly update: 'overview';
  readonly totals: Totals;
  /** How many rows the search and the states leave. */
  readonly found: number;
  /** Index of `rows[0]` among those. */
  readonly first: number;
  readonly rows: readonly Row[];
}

/** 20 ms of a participant, or of what the gateway says. */
export interface Slice {
  /** On the call's time, in units of 20 ms from `Call.startedAt`. */
  readonly at: number;
  /** Lowest and highest sample, -128 to 127. */
  readonly low: number;
  readonly high: number;
  /** What lies here: `s` sound, `q` flagged silence, `g` missing before it (a gap), `p` the first after a pause. */
  readonly is: 's' | 'q' | 'g' | 'p';
  /** null, as `residenceMs`: it came before anybody looked, and rings do not keep it. */
  readonly jitterMs: number | null;
  /** The mean of its decode worker's frames when this one came; 0 for what the gateway says. */
  readonly residenceMs: number | null;
}

export interface CallTrack {
  /** Index in `/streams`: what `participant=` of the sound names. */
  readonly participant: number;
  /** null: mixed. */
  readonly id: string | null;
  readonly frames: number;
  readonly missingFrames: number;
  readonly duplicateFrames: number;
  readonly silentFrames: number;
  readonly jitterMs: number;
  readonly level: LevelDb;
  /** New since the last update. */
  readonly slices: readonly Slice[];
}

export interface Call {
  readonly update: 'call';
  readonly row: Row;
  /** ISO 8601; null before the first frame. */
  readonly startedAt: string | null;
  /** Where now is, in units of 20 ms from `startedAt`. */
  readonly now: number;
  readonly tracks: readonly CallTrack[];
  /** What the gateway says into the call; null if playback was never asked for. `cutAt`: where it was cut since the last update. */
  readonly spoken: { readonly slices: readonly Slice[]; readonly cutsAt: readonly number[] } | null;
  /** The whole of `/streams/ID`: the account. */
  readonly report: Readonly<Record<string, unknown>>;
  /** Names of the files that sinks write of it, as far as known. */
  readonly recordings: readonly string[];
}

/** The call that was wanted has ended, or never was. */
export interface Gone {
  readonly update: 'gone';
  readonly stream: string;
}

/** What the page sent could not be understood. */
export interface Refused {
  readonly update: 'refused';
  readonly why: string;
}

export interface SoundHead {
  readonly sampleRate: number;
  /** null: all, mixed. */
  readonly participant: number | null;
}

/** Of the time in front of the samples. */
export const stampBytes = 8;
/**
 * A binary message: f64 little-endian, when its first sample reached the gateway's socket (milliseconds since the epoch), then the samples,
 * i16 little-endian, one channel. Holes are left out, not filled; the page plays silence when it has nothing.
 */
export type SoundBytes = ArrayBuffer;

/** The close code of a socket whose session is over. */
export const sessionOverCode = 4401;
