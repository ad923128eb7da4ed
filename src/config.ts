/**
 * The settings of `serve`: one typed schema, from which the flags, the environment, the file, the help and the
 * documentation's test all come. Contradictions are refused with the remedy.
 */
import { availableParallelism } from 'node:os';
import { readSettings, type SettingSources, setting, type Values } from './settings.ts';

export const environmentPrefix = 'ACS_GATEWAY_';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A message of 20 ms and its envelope must fit. */
const messageBytesMin = 4096;

export const serveSettings = {
  host: setting.text({ fallback: '127.0.0.1', placeholder: 'HOST', help: 'address where ACS connects' }),
  port: setting.integer({
    fallback: 8080,
    min: 0,
    max: 65_535,
    placeholder: 'PORT',
    help: 'port where ACS connects; 0 picks a free one',
  }),
  path: setting.text({
    fallback: '/audio',
    placeholder: 'PATH',
    pattern: /^\/[^?#\s]*$/,
    expects: 'a path that begins with /, without ? and #',
    help: 'the path of the streams, and any path below it',
  }),
  adminHost: setting.text({
    fallback: '127.0.0.1',
    placeholder: 'HOST',
    help: 'address of metrics, health and streams',
  }),
  adminPort: setting.integer({
    fallback: 9464,
    min: 0,
    max: 65_535,
    placeholder: 'PORT',
    help: 'port of metrics, health and streams',
  }),
  auth: setting.choice({ choices: ['none'], fallback: 'none', help: 'who may connect' }),
  allowAnonymous: setting.flag({ help: 'serve without authentication beyond loopback' }),
  workers: setting.integer({
    fallback: Math.max(1, availableParallelism() - 1),
    min: 1,
    max: 256,
    help: 'decode workers; by default one less than there are cores',
  }),
  lanes: setting.integer({ fallback: 0, min: 0, max: 1024, help: 'lanes to the workers; 0 means one per worker' }),
  decoder: setting.choice({ choices: ['scan', 'simdjson', 'json'], fallback: 'scan', help: 'how messages are parsed' }),
  flushIntervalMs: setting.integer({
    fallback: 2,
    min: 1,
    max: 100,
    placeholder: 'MS',
    help: 'how long a message may wait for others',
  }),
  ringSeconds: setting.number({
    fallback: 2,
    min: 1,
    max: 600,
    placeholder: 'S',
    help: 'history kept of one participant',
  }),
  ringMemoryMb: setting.integer({
    fallback: 1024,
    min: 1,
    max: 1_048_576,
    placeholder: 'MB',
    help: 'cap for the history of all',
  }),
  maxStreams: setting.integer({ fallback: 10_000, min: 1, max: 100_000, help: 'streams at a time; more get 503' }),
  maxParticipants: setting.integer({ fallback: 16, min: 1, max: 256, help: 'participants of one stream' }),
  maxMessageBytes: setting.integer({
    fallback: 131_072,
    min: messageBytesMin,
    max: 1_048_576,
    placeholder: 'BYTES',
    help: 'longest message; a longer one ends its stream',
  }),
  metadataTimeoutMs: setting.integer({
    fallback: 10_000,
    min: 100,
    max: 3_600_000,
    placeholder: 'MS',
    help: 'end a stream that sends nothing at all',
  }),
  idleTimeoutMs: setting.integer({
    fallback: 60_000,
    min: 100,
    max: 86_400_000,
    placeholder: 'MS',
    help: 'end a stream without audio for so long',
  }),
  drainTimeoutMs: setting.integer({
    fallback: 30_000,
    min: 0,
    max: 86_400_000,
    placeholder: 'MS',
    help: 'how long open streams may go on after SIGTERM',
  }),
  sink: setting.list({
    placeholder: 'SINK',
    help: 'where audio goes: wav:DIR, pcm:DIR',
    expects: 'wav:DIR or pcm:DIR',
  }),
  logLevel: setting.choice({ choices: logLevels, fallback: 'info', help: 'least severe log line that is written' }),
} as const;

export type Config = Values<typeof serveSettings>;

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function contradictions(config: Config, checkSink: (text: string) => string | null): string[] {
  const problems: string[] = [];
  if (config.auth === 'none' && !isLoopback(config.host) && !config.allowAnonymous) {
    problems.push(
      `--host: ${JSON.stringify(config.host)}: expected a loopback address while --auth is none: ` +
        'add --allow-anonymous if something in front of the gateway authenticates',
    );
  }
  if (config.port !== 0 && config.port === config.adminPort && config.host === config.adminHost) {
    problems.push(`--admin-port: ${config.adminPort}: expected another port than --port`);
  }
  if (config.lanes !== 0 && config.lanes < config.workers) {
    problems.push(`--lanes: ${config.lanes}: expected at least as many as --workers (${config.workers}), or 0`);
  }
  for (const sink of config.sink) {
    const problem = checkSink(sink);
    if (problem !== null) problems.push(`--sink: ${JSON.stringify(sink)}: ${problem}`);
  }
  return problems;
}

/**
 * A complete configuration. Throws `bad_settings` with all that is wrong.
 * @param checkSink says what is wrong with a sink's text, or null
 */
export function readConfig(sources: SettingSources, checkSink: (text: string) => string | null): Config {
  const config = readSettings(serveSettings, sources, (values) => contradictions(values, checkSink));
  return { ...config, lanes: config.lanes === 0 ? config.workers : config.lanes };
}
