/**
 * The text of `--sink`: `wav:DIR`, `pcm:DIR`, `nats://HOST:PORT` or `module:FILE`, with options behind a question mark:
 * `wav:./recordings?gaps=skip`. Any thread.
 */
import { type ModuleSinkSpec, parseModuleSink } from './module-spec.ts';
import { type NatsSinkSpec, natsOptionNames, parseNatsSink } from './nats-spec.ts';

export interface FileSinkSpec {
  readonly kind: 'wav' | 'pcm';
  /** The text as given: the sink's name in metrics and logs. */
  readonly name: string;
  readonly folder: string;
  /** `fill`: the file's time is the call's time. `skip`: frames that never came are left out. */
  readonly gaps: 'fill' | 'skip';
  /** What the one file of a call is like that is made when its stream has ended; none is made if left out. */
  readonly call?: 'stereo' | 'multichannel';
  /** How long finished calls are kept, and how much disk they may take; left out: for ever, all. */
  readonly keepMs?: number;
  readonly bytesMax?: number;
  /** Who may read the files; `owner` if left out. */
  readonly access?: 'owner' | 'group';
}

export type SinkSpec = FileSinkSpec | NatsSinkSpec | ModuleSinkSpec;

const fileOptions = { wav: 'gaps, call, keep or max-gb', pcm: 'gaps, keep or max-gb' } as const;
const keepUnitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A call whose files have not changed for a while is finished; files must be kept longer than that. */
const keepMsMin = 10 * 60_000;

function keepMsOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)([mhd])$/.exec(text) ?? [];
  return Number(count) * (keepUnitMs[unit] ?? Number.NaN);
}

function parseFileSink(kind: 'wav' | 'pcm', text: string): FileSinkSpec | { readonly problem: string } {
  const question = text.indexOf('?');
  const folder = text.slice(kind.length + 1, question < 0 ? undefined : question);
  if (folder === '') return { problem: `expected a folder, as in ${kind}:./recordings` };
  const options = new URLSearchParams(question < 0 ? '' : text.slice(question + 1));
  const given: { -readonly [Key in 'gaps' | 'call' | 'keepMs' | 'bytesMax']?: FileSinkSpec[Key] } = {};
  for (const [key, value] of options) {
    if (key === 'gaps') {
      if (value !== 'fill' && value !== 'skip') return { problem: 'gaps: expected fill or skip' };
      given.gaps = value;
    } else if (key === 'call' && kind === 'wav') {
      if (value !== 'stereo' && value !== 'multichannel') return { problem: 'call: expected stereo or multichannel' };
      given.call = value;
    } else if (key === 'keep') {
      given.keepMs = keepMsOf(value);
      if (!(given.keepMs >= keepMsMin)) return { problem: 'keep: expected a time such as 12h or 30d, of 10m at least' };
    } else if (key === 'max-gb') {
      given.bytesMax = /^\d{1,9}(\.\d{1,9})?$/.test(value) ? Number(value) * 1e9 : 0;
      if (given.bytesMax === 0) return { problem: 'max-gb: expected a number above 0' };
    } else return { problem: `unknown option ${JSON.stringify(key)}: expected ${fileOptions[kind]}` };
  }
  if (given.call !== undefined && given.gaps === 'skip') {
    return { problem: 'call: expected gaps=fill: what was left out of a file cannot be put in its place in the call' };
  }
  return { kind, name: text, folder, gaps: 'fill', ...given };
}

/** The sink that a text names, or what is wrong with it. */
export function parseSink(text: string): SinkSpec | { readonly problem: string } {
  const kind = text.slice(0, Math.max(0, text.indexOf(':')));
  if (kind === 'wav' || kind === 'pcm') return parseFileSink(kind, text);
  if (kind === 'nats') return parseNatsSink(text);
  if (kind === 'module') return parseModuleSink(text);
  return { problem: 'expected wav:DIR, pcm:DIR, nats://HOST:PORT[/SUBJECT-PREFIX] or module:FILE' };
}

/** The sink that a text names that was found right. `access`: who may read its files. */
export function sinkOf(text: string, access: 'owner' | 'group'): SinkSpec {
  const spec = parseSink(text) as SinkSpec;
  return spec.kind === 'wav' || spec.kind === 'pcm' ? { ...spec, access } : spec;
}

/** What is wrong with the text of a sink, or null. */
export function sinkProblem(text: string): string | null {
  const spec = parseSink(text);
  return 'problem' in spec ? spec.problem : null;
}

/** An option that is none of ours, with its value. */
const unknownOption = new RegExp(`([?&](?!(?:${natsOptionNames.join('|')})=)[^=&]*)=[^&]*`, 'g');

/** The text as it may be shown: without user, password, and what might be meant to be one. */
export function shownSink(text: string): string {
  const spec = parseSink(text);
  if (!('problem' in spec)) return spec.name;
  if (/^(wav|pcm):/.test(text)) return text;
  // Up to the last @, whatever stands there: a slash in a password should have been %2F.
  return text.replace(/^(\s*[A-Za-z]+:\/*)?.*@/s, '$1…@').replace(unknownOption, '$1=…');
}
