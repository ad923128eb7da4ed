/** The command `capture`: says what is in a capture, and makes one that can be given away. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Contents, ContentsCounter, gapsOf } from '../capture/contents.ts';
import { replacedFlag } from '../capture/format.ts';
import { BlockWriter, captureHead } from '../capture/format-writer.ts';
import { openCapture } from '../capture/open-capture.ts';
import { Redactor } from '../capture/redaction.ts';
import { GatewayError } from '../errors.ts';
import type { CliIo } from './io.ts';

const usage = `Usage: acs-audio-gateway capture info FILE [--report json]
       acs-audio-gateway capture redact IN OUT

  info     says what is in a capture of serve --capture
  redact   writes a copy without voices, ids and digits; timing, sizes, order and kinds stay

Exit code: 0, 2 for bad arguments, 10 for a file that is no capture.
Play it with: acs-audio-gateway simulate --replay FILE --url URL
`;

function counted(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  return entries.length === 0 ? 'none' : entries.map(([name, count]) => `${name} (${count})`).join(', ');
}

function shown(path: string, contents: Contents): string {
  const { sockets, messages } = contents;
  const rows = [
    ['file', `${path}${contents.redacted ? ', redacted' : ', NOT redacted: it holds voices and ids'}`],
    ['started', contents.startedAt],
    ['lasts', `${(contents.durationMs / 1000).toFixed(1)} s`],
    ['sockets', `${sockets.opened}, ${sockets.resumed} of them resumed, ${sockets.openAtEnd} open at the end`],
    ['closed', counted(contents.ends)],
    ['messages', `${messages.text} text, ${messages.binary} binary, ${contents.messageBytes} bytes`],
    ['longest', `${contents.longestMessageBytes} bytes`],
    ...(contents.redacted ? [['replaced', `${messages.replaced} messages that are no JSON`]] : []),
  ];
  const gaps = gapsOf(contents);
  const table = rows.map(([name, value]) => `${name!.padEnd(10)}${value}`);
  return `${[...table, ...(gaps.length === 0 ? ['whole'] : ['not whole:', ...gaps.map((gap) => `  ${gap}`)])].join('\n')}\n`;
}

function info(path: string, isJson: boolean): string {
  const capture = openCapture(path);
  try {
    const counter = new ContentsCounter();
    for (const record of capture.reader.records()) counter.add(record);
    const contents = counter.contents(capture.reader);
    return isJson ? `${JSON.stringify({ file: path, ...contents })}\n` : shown(path, contents);
  } finally {
    capture.close();
  }
}

/** Returns what was in it. */
function redact(from: string, to: string): Contents {
  const capture = openCapture(from);
  let file: number;
  try {
    file = openSync(to, 'wx', 0o600);
  } catch (error) {
    capture.close();
    throw new GatewayError('capture_failed', `${to}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const { reader } = capture;
    const redactor = new Redactor(randomBytes(32));
    const writer = new BlockWriter('zstd');
    const counter = new ContentsCounter();
    let blocks = 0;
    const put = (bytes: Uint8Array) => {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    };
    put(captureHead(reader.startedAtMs, true));
    for (const record of reader.records()) {
      counter.add(record);
      const { body, isReplaced } = redactor.apply(record.kind, record.body);
      const kind = isReplaced || record.isReplaced ? record.kind | replacedFlag : record.kind;
      writer.add(kind, record.socket, record.atUs, body);
      if (writer.isFull) put(writer.finish(blocks++));
    }
    if (writer.records > 0) put(writer.finish(blocks++));
    return counter.contents(reader);
  } finally {
    closeSync(file);
    capture.close();
  }
}

/** Runs the command and returns the exit code of the process. */
export function capture(argv: readonly string[], io: CliIo): number {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout(usage);
    return 0;
  }
  const isJson = argv.join(' ').includes('--report json') || argv.includes('--report=json');
  const words = argv.filter((word) => !word.startsWith('--report') && !(isJson && word === 'json'));
  const [verb, from, to, ...more] = words;
  if (verb === 'info' && from !== undefined && to === undefined) {
    io.stdout(info(from, isJson));
    return 0;
  }
  if (verb === 'redact' && from !== undefined && to !== undefined && more.length === 0) {
    const contents = redact(from, to);
    for (const gap of gapsOf(contents)) io.stderr(`${from}: ${gap}\n`);
    io.stdout(`${to}: ${contents.messages.text + contents.messages.binary} messages, redacted\n`);
    return 0;
  }
  throw new GatewayError('bad_settings', `expected info FILE, or redact IN OUT\n\n${usage.trimEnd()}`);
}
