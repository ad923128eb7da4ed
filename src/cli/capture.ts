/** The command `capture`: says what is in a capture, and makes one that can be given away. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '../base/errors.ts';
import { type Contents, ContentsCounter, gapsOf } from '../capture/contents.ts';
import { replacedFlag } from '../capture/format.ts';
import { BlockWriter, captureHead } from '../capture/format-writer.ts';
import { type OpenCapture, openCapture } from '../capture/open-capture.ts';
import { Redactor } from '../capture/redaction.ts';
import { readSettings } from '../config/settings.ts';
import { createWhole, writeAll } from '../sink/files/files.ts';
import type { CliIo } from './io.ts';
import { reportSetting } from './report-setting.ts';

const usage = `Usage: acs-audio-gateway capture info FILE [--report json]
       acs-audio-gateway capture redact IN OUT

  info     says what is in a capture of serve --capture
  redact   writes a copy without voices, ids and digits; timing, sizes, order and kinds stay

Exit code: 0, 2 for bad arguments, 9 if the copy cannot be made, 10 for a file that is not a capture, 130 if stopped.
Play it with: acs-audio-gateway simulate --replay FILE --url URL
`;

/** Some milliseconds. */
const recordsPerTurn = 10_000;

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

/** Between two blocks: signals have their turn. */
async function turn({ stopped }: CliIo): Promise<void> {
  await nextTurn();
  if (stopped.aborted) throw new Stopped();
}

class Stopped extends Error {}

async function info(path: string, isJson: boolean, io: CliIo): Promise<string> {
  const capture = openCapture(path);
  try {
    const counter = new ContentsCounter();
    let records = 0;
    for (const record of capture.records()) {
      counter.add(record);
      if (++records % recordsPerTurn === 0) await turn(io);
    }
    const contents = counter.contents(capture.reader);
    return isJson ? `${JSON.stringify({ file: path, ...contents })}\n` : shown(path, contents);
  } finally {
    capture.close();
  }
}

/** Writes a redacted copy, all of it or nothing. Returns what was in it. */
async function redact(from: string, to: string, io: CliIo): Promise<Contents> {
  const capture = openCapture(from);
  try {
    if (existsSync(to)) throw new Error('the file is there already');
    const counter = new ContentsCounter();
    await createWhole(to, 0o600, (file) => writeRedacted(capture, file, counter, io));
    return counter.contents(capture.reader);
  } catch (error) {
    if (error instanceof GatewayError || error instanceof Stopped) throw error;
    throw new GatewayError('capture_failed', `${to}: ${(error as Error).message}`, { cause: error });
  } finally {
    capture.close();
  }
}

async function writeRedacted(capture: OpenCapture, file: number, counter: ContentsCounter, io: CliIo): Promise<void> {
  const redactor = new Redactor(randomBytes(32));
  const writer = new BlockWriter('zstd');
  let [blocks, fileBytes] = [0, 0];
  const put = (bytes: Uint8Array) => {
    writeAll(file, bytes, bytes.length, fileBytes);
    fileBytes += bytes.length;
  };
  put(captureHead(capture.reader.startedAtMs, true));
  for (const record of capture.records()) {
    counter.add(record);
    const { body, isReplaced } = redactor.apply(record.kind, record.body);
    const kind = isReplaced || record.isReplaced ? record.kind | replacedFlag : record.kind;
    writer.add(kind, record.socket, record.atUs, body);
    if (!writer.isFull) continue;
    put(writer.finish(blocks++));
    await turn(io);
  }
  if (writer.records > 0) put(writer.finish(blocks++));
}

/** Runs the command and returns the exit code of the process. */
export async function capture(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    return await run(argv, io);
  } catch (error) {
    if (error instanceof Stopped) return 130;
    throw error;
  }
}

async function run(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout(usage);
    return 0;
  }
  const words: string[] = [];
  const isJson = readSettings({ report: reportSetting }, { argv, words }).report === 'json';
  const [verb, from, to, ...more] = words;
  if (verb === 'info' && from !== undefined && to === undefined) {
    io.stdout(await info(from, isJson, io));
    return 0;
  }
  if (verb === 'redact' && from !== undefined && to !== undefined && more.length === 0) {
    const contents = await redact(from, to, io);
    for (const gap of gapsOf(contents)) io.stderr(`${from}: ${gap}\n`);
    io.stdout(`${to}: ${contents.messages.text + contents.messages.binary} messages, redacted\n`);
    return 0;
  }
  throw new GatewayError('bad_settings', `expected info FILE, or redact IN OUT\n\n${usage.trimEnd()}`);
}
