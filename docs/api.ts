/**
 * Writes docs/api.md, the reference of the package, from the declarations and docstrings that the compiler emits:
 * `npm run docs:api`. A test holds the page against them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
export const apiPage = join(import.meta.dirname, 'api.md');

/** In the order of use; a name that is exported and in no chapter is an error. */
const chapters: readonly (readonly [title: string, names: readonly string[]])[] = [
  [
    'Starting and stopping',
    ['startGateway', 'GatewayOptions', 'Log', 'LogRecord', 'RunningGateway', 'DrainResult', 'Account', 'DropReason'],
  ],
  [
    'Events',
    [
      'GatewayEvents',
      'StreamInfo',
      'StreamFormat',
      'Participant',
      'Track',
      'Labels',
      'DtmfTone',
      'ParticipantReport',
      'EndedStream',
      'StreamReport',
      'StreamPlace',
      'StreamPhase',
      'ReaderReport',
      'CloseCause',
      'StreamRecording',
      'RecordingFile',
      'Stall',
      'EndedStall',
      'StallOutcome',
    ],
  ],
  [
    'Reading rings',
    [
      'RingHandle',
      'RingPlace',
      'RingReader',
      'RingReaderOptions',
      'ReadResult',
      'WaitResult',
      'Frame',
      'FrameBatch',
      'frameFlag',
    ],
  ],
  [
    'What audio is made of',
    ['Resampler', 'VoiceActivity', 'VoiceActivityOptions', 'VoiceState', 'levelDb', 'silenceDb'],
  ],
  [
    'Speaking into a call',
    [
      'PlaybackHandle',
      'PlaybackMemoryHandle',
      'PlaybackWriter',
      'UtteranceOptions',
      'Utterance',
      'UtteranceState',
      'Played',
      'StartedUtterance',
      'EndedUtterance',
      'UtteranceEnd',
      'PlaybackStarted',
      'PlaybackEnded',
      'PlaybackMark',
      'SpeakerCounts',
      'playbackTrackId',
    ],
  ],
  [
    'Sink modules',
    [
      'defineSink',
      'CreateSink',
      'ModuleSink',
      'ModuleTrackWriter',
      'Sink',
      'TrackWriter',
      'SinkStart',
      'SinkStream',
      'StreamFacts',
      'TrackEnd',
      'Checkpoint',
      'FinishedStream',
      'SinkContext',
      'SpokenOutcome',
      'RecordedCall',
      'RemovedCall',
    ],
  ],
  ['Errors', ['GatewayError', 'errorCodes', 'ErrorCode']],
];
/** Documented elsewhere: docs/settings.md. */
const elsewhere = new Set(['Config']);

const head = `# API reference

Generated from the source by \`npm run docs:api\`. How to use it: [library.md](library.md). The fields of \`Config\`, which \`GatewayOptions\` takes, are
the settings in [settings.md](settings.md), named as in the file.
`;

/** What the compiler declares for the package, by file. */
function emitDeclarations(folder: string): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const flags = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--sourceMap', 'false', '--outDir', folder];
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...flags], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the declarations cannot be made:\n${stdout}`);
}

/** Name and file of everything that the package exports. */
function exportsOf(folder: string): Map<string, string> {
  const index = readFileSync(join(folder, 'index.d.ts'), 'utf8');
  const found = new Map<string, string>();
  for (const [, names, file] of index.matchAll(/export (?:type )?\{([^}]*)\} from '([^']*)\.ts'/g)) {
    for (const name of names!.split(','))
      if (name.trim() !== '') found.set(name.replace('type', '').trim(), `${file}.d.ts`);
  }
  return found;
}

/** `(typeof names)[number]` as the names themselves. */
function written(declaration: string, text: string): string {
  return declaration.replace(/\(typeof (\w+)\)\[number\]/g, (same, list) => {
    const names = new RegExp(`const ${list}: readonly \\[(.*)\\];`).exec(text)?.[1];
    return names === undefined ? same : names.replaceAll(', ', ' | ').replaceAll('"', "'");
  });
}

/** The declaration of a name with its docstring, without what is private. */
export function declarationOf(text: string, name: string): string {
  const start = new RegExp(`^export (declare )?(abstract )?(class|interface|function|type|const) ${name}\\b`, 'm').exec(
    text,
  );
  if (start === null) throw new Error(`no declaration of ${name}`);
  // A block ends with the first line that is nothing but its closing brace, anything else with a semicolon.
  const rest = text.slice(start.index);
  const firstLine = rest.slice(0, rest.indexOf('\n'));
  const end = /\{$/.test(firstLine) ? /^\}.*$/m.exec(rest)! : /;$/m.exec(rest)!;
  const before = text.slice(0, start.index);
  const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n$/.exec(before)?.[0] ?? '';
  return (comment + written(rest.slice(0, end.index + end[0].length), text))
    .replace(/^( *\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)? *private .*\n/gm, '')
    .replaceAll('export declare ', 'export ')
    .replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2));
}

/** The page as it should be. Throws when an export is in no chapter. */
export function renderApi(): string {
  const folder = mkdtempSync(join(tmpdir(), 'acs-api-'));
  try {
    emitDeclarations(folder);
    const exported = exportsOf(folder);
    const parts = chapters.map(([title, names]) => {
      const blocks = names.map((name) => {
        const file = exported.get(name);
        if (file === undefined) throw new Error(`${name} is not exported`);
        exported.delete(name);
        const declaration = declarationOf(readFileSync(join(folder, dirname('index.d.ts'), file), 'utf8'), name);
        return declaration;
      });
      return `## ${title}\n\n\`\`\`ts\n${blocks.join('\n\n')}\n\`\`\`\n`;
    });
    const left = [...exported.keys()].filter((name) => !elsewhere.has(name));
    if (left.length > 0) throw new Error(`in no chapter of docs/api.ts: ${left.join(', ')}`);
    const contents = chapters.map(([title]) => `- [${title}](#${title.toLowerCase().replaceAll(' ', '-')})`);
    return `${head}\n${contents.join('\n')}\n\n${parts.join('\n')}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) writeFileSync(apiPage, renderApi());
