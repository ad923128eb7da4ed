/** The command `recording`: makes the one file of a call, afterwards, of what the sink `wav:` has recorded. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError, redactPath } from '../base/errors.ts';
import { serveSettings } from '../config/serve-settings.ts';
import { setting } from '../config/setting.ts';
import { readSettings } from '../config/settings.ts';
import { makeCallFile } from '../sink/files/call-file.ts';
import { readCallNotes } from '../sink/files/call-notes.ts';
import type { CallLayout } from '../sink/files/call-plan.ts';
import { fileModes } from '../sink/files/files.ts';
import { isBeingWritten } from '../sink/files/finished.ts';
import type { CliIo } from './io.ts';

const usage = `Usage: acs-audio-gateway recording merge DIR [--call multichannel|stereo] [--file-access owner|group]

  merge    makes call.wav, with all participants aligned on the call's time, and call.json beside it. DIR is the folder of a
           call, or one with the folders of calls: then of each that has none yet and is not being recorded

  --call multichannel    a channel for each participant (the default)
  --call stereo          the first participant left, the others right

Exit code: 0, 2 for bad arguments, 13 if the file of a call cannot be made, 130 if stopped.
`;

interface Arguments {
  readonly folder: string;
  readonly layout: CallLayout;
  readonly access: keyof typeof fileModes;
}

const mergeSettings = {
  call: setting.choice({ choices: ['multichannel', 'stereo'], fallback: 'multichannel', help: 'channels of call.wav' }),
  fileAccess: serveSettings.fileAccess,
};

function parse(argv: readonly string[]): Arguments {
  const words: string[] = [];
  const { call, fileAccess } = readSettings(mergeSettings, { argv, words });
  const [verb, folder, ...more] = words;
  if (verb !== 'merge' || folder === undefined || more.length > 0) {
    throw new GatewayError('bad_settings', `expected merge DIR\n\n${usage.trimEnd()}`);
  }
  return { folder: resolve(folder), layout: call, access: fileAccess };
}

/** The folders of calls that a path stands for. */
function callFolders(folder: string): string[] {
  if (!existsSync(folder)) throw new GatewayError('recording_failed', `${folder}: there is no such folder`);
  if (!statSync(folder).isDirectory()) throw new GatewayError('recording_failed', `${folder}: expected a folder`);
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name.endsWith('.json'))) return [folder];
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

class Progress {
  private readonly io: CliIo;
  private shown = '';

  constructor(io: CliIo) {
    this.io = io;
  }

  show(name: string, share: number): void {
    if (!this.io.isTty) return;
    const line = `${name}: ${Math.floor(share * 100)} %`;
    if (line === this.shown) return;
    this.shown = line;
    this.io.stderr(`\r\x1b[K${line}`);
  }

  clear(): void {
    if (this.shown !== '') this.io.stderr('\r\x1b[K');
    this.shown = '';
  }
}

/** Makes the file of one call, and says so. */
async function merge(folder: string, { layout, access }: Arguments, progress: Progress, io: CliIo): Promise<string> {
  const name = basename(folder);
  if (existsSync(join(folder, 'call.wav')) && existsSync(join(folder, 'call.json'))) return 'has call.wav already';
  if (isBeingWritten(folder, Date.now()) && readCallNotes(folder)?.isComplete !== true)
    return 'is being recorded: left out';
  const startMs = performance.now();
  const made = await makeCallFile({
    folder,
    layout,
    modes: fileModes[access],
    streamId: null,
    signal: io.stopped,
    pause: async (share) => {
      progress.show(name, share);
      await nextTurn();
    },
  });
  if (made === null) return 'has no recordings';
  const { channels, samples, sampleRate } = made.plan;
  const seconds = (samples / sampleRate).toFixed(1);
  return `call.wav, ${channels.length} channel${channels.length === 1 ? '' : 's'}, ${seconds} s, made in ${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

/** Runs the command and returns the exit code of the process. */
export async function recording(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout(usage);
    return 0;
  }
  const given = parse(argv);
  const progress = new Progress(io);
  let failures = 0;
  for (const folder of callFolders(given.folder)) {
    try {
      const outcome = await merge(folder, given, progress, io);
      progress.clear();
      io.stdout(`${basename(folder)}: ${outcome}\n`);
    } catch (error) {
      progress.clear();
      if (io.stopped.aborted) return 130;
      failures++;
      io.stderr(`${basename(folder)}: ${redactPath(error)}\n`);
    }
  }
  if (failures > 0) throw new GatewayError('recording_failed', `${failures} of the calls could not be made one file`);
  return 0;
}
