/**
 * A record of the log as a line for people: time, level, message, the fields that matter, `name=value` as in logfmt. What a
 * peer sent cannot touch the terminal or pass for a field of ours: all that is not printable is escaped, all that is not
 * one word is quoted, all that is long is cut. Pure.
 */

/** Gives a text a style of `styleText`, or returns it as it is. */
export type Paint = (style: 'dim' | 'bold' | 'green' | 'yellow' | 'red' | 'magenta', text: string) => string;

type LogRecord = Readonly<Record<string, unknown>>;
type Field = readonly [name: string, value: unknown];

/** Of one value; the record of a program has all of it. */
const valueCharsMax = 300;

const levelStyles = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'magenta',
} as const;

/** Control characters and everything else that shows as nothing, or turns the text around it. */
const invisible = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** A value of one word, which needs no quotes. */
const word = /^[^\s\p{C}\p{Z}"'\\=]+$/u;

function escaped(text: string): string {
  const unit = (code: string) => `\\u${code.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(invisible, (char) => char.split('').map(unit).join(''));
}

function shownText(text: string): string {
  const cut = text.length > valueCharsMax ? `${text.slice(0, valueCharsMax)}…` : text;
  return word.test(cut) ? cut : escaped(JSON.stringify(cut));
}

/** What is not there, and counters that are 0 among others of their kind, are left out: null. */
function shown(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return shownText(value);
  if (Array.isArray(value)) return value.map((each) => shown(each) ?? '-').join(',') || null;
  if (typeof value !== 'object') return String(value);
  const parts = Object.entries(value).filter(([, part]) => part !== 0);
  return parts.map(([name, part]) => `${name}:${shown(part) ?? '-'}`).join(',') || null;
}

function address(host: unknown, port: unknown): string {
  return `${String(host).includes(':') ? `[${host}]` : host}:${port}`;
}

/** What should be 0 and is not stands out. */
const faults = new Set(['missing', 'dropped', 'lapped', 'undrained', 'interruptions', 'streamsCut', 'unaccounted']);

function unlessZero(count: number): number | null {
  return count === 0 ? null : count;
}

interface StreamRecord extends LogRecord {
  readonly id: string;
  readonly callConnectionId: string | null;
  readonly mode: string;
  readonly closeCause: string;
  readonly closeCode: number;
  readonly durationMs: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly audio: Readonly<Record<'frames' | 'missingFrames' | 'outOfOrderFrames' | 'jitterMeanMs', number>>;
  readonly participants: readonly unknown[];
  readonly sinks: readonly { readonly framesLapped: number; readonly isDrained: boolean }[];
  readonly interruptions: number;
}

/**
 * A stream's record has fifty fields: these say whether it went well, and which call it was. Left out is what is as it should
 * be, except missing frames, which readers look for.
 */
function streamFields(record: StreamRecord): Field[] {
  const { audio, sinks, mode, closeCause, closeCode, callConnectionId } = record;
  const hungUp = closeCause === 'peer' && closeCode === 1000;
  return [
    ['lasted', `${(record.durationMs / 1000).toFixed(1)}s`],
    mode === 'unmixed' ? ['participants', record.participants.length] : ['mode', mode],
    ['frames', audio.frames],
    ['missing', audio.missingFrames - audio.outOfOrderFrames],
    ['dropped', record.dropped],
    ['lapped', unlessZero(sinks.reduce((sum, sink) => sum + sink.framesLapped, 0))],
    ['undrained', unlessZero(sinks.filter((sink) => !sink.isDrained).length)],
    ['interruptions', unlessZero(record.interruptions)],
    ['jitter', `${audio.jitterMeanMs.toFixed(1)}ms`],
    ['closed', hungUp ? null : `${closeCause}/${closeCode}`],
    // Last: where the line is too long for the terminal, it is the id that wraps.
    callConnectionId === null ? ['id', record.id] : ['call', callConnectionId],
  ];
}

function listeningFields({ host, port, path, adminHost, adminPort, ...rest }: LogRecord): Field[] {
  return [
    ['audio', `${address(host, port)}${path}`],
    ['admin', address(adminHost, adminPort)],
    ...Object.entries(rest),
  ];
}

function fieldsOf(msg: unknown, rest: LogRecord): readonly Field[] {
  if (msg === 'listening') return listeningFields(rest);
  if (msg === 'stream ended') return streamFields(rest as unknown as StreamRecord);
  return Object.entries(rest);
}

function clock(time: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  const seconds = `${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
  return `${two(time.getHours())}:${two(time.getMinutes())}:${seconds}`;
}

/** `json` is a line as pino writes it. The time is shown in the zone of the process. */
export function logLine(json: string, paint: Paint): string {
  const { level, time, msg, process, ...rest } = JSON.parse(json) as LogRecord;
  const style = levelStyles[level as keyof typeof levelStyles] ?? 'bold';
  const fields = [['process', process] as const, ...fieldsOf(msg, rest)].flatMap(([name, value]) => {
    const text = shown(value);
    if (text === null) return [];
    return [`${paint('dim', `${name}=`)}${faults.has(name) && text !== '0' ? paint('yellow', text) : text}`];
  });
  const head = [
    paint('dim', clock(new Date(String(time)))),
    paint(style, String(level).toUpperCase().padEnd(5)),
    paint('bold', escaped(String(msg))),
  ];
  return `${[...head, ...fields].join(' ')}\n`;
}
