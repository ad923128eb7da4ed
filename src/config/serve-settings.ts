/**
 * The settings of `serve`: one typed schema, from which the flags, the environment, the file, the help and the
 * documentation's test all come. Any thread.
 */
import { availableParallelism } from 'node:os';
import { logFormats, logLevels } from '../base/log-level.ts';
import { playbackPrimeMs } from '../base/playback-limits.ts';
import { callSettings } from './call-settings.ts';
import { decoderNames } from './decoder-names.ts';
import { processSettings } from './process-settings.ts';
import { optional, setting, type Values } from './setting.ts';

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
  adminToken: setting.text({
    fallback: null,
    secret: true,
    help: 'what metrics and streams want as Authorization: Bearer',
  }),
  console: setting.flag({ help: 'serve the live page /console on the admin port' }),
  consoleAudio: setting.flag({ help: 'with --console: who may see it may hear the calls; each listening is logged' }),
  auth: setting.choice({ choices: ['none', 'token', 'jwt'], fallback: 'none', help: 'who may connect' }),
  authToken: setting.list({
    secret: true,
    placeholder: 'SECRET',
    pattern: /^[\x21-\x7e]{1,4096}$/,
    expects: 'a text of 1 to 4096 printable characters without spaces',
    help: 'with --auth token: a secret that lets in',
  }),
  jwtAudience: setting.list({
    placeholder: 'ID',
    help: 'with --auth jwt: the immutable resource id of the Communication Services resource',
  }),
  jwtIssuer: setting.text({
    fallback: 'https://acscallautomation.communication.azure.com',
    placeholder: 'ISSUER',
    help: 'with --auth jwt: the issuer of tokens',
  }),
  jwksUrl: setting.text({
    fallback: 'https://acscallautomation.communication.azure.com/calling/keys',
    placeholder: 'URL',
    pattern: /^https:\/\/[^\s]+$/,
    expects: 'an address that begins with https://',
    help: 'with --auth jwt: where the public keys are',
  }),
  jwtMode: setting.choice({
    choices: ['required', 'log'],
    fallback: 'required',
    help: 'with --auth jwt: refuse tokens that fail, or only count them',
  }),
  tlsCert: setting.text({
    fallback: null,
    placeholder: 'FILE',
    help: 'serve wss:// with this certificate chain (PEM)',
  }),
  tlsKey: setting.text({ fallback: null, placeholder: 'FILE', help: 'the key of --tls-cert (PEM)' }),
  allowCidr: setting.list({ placeholder: 'NETWORK', help: 'addresses that may connect; by default all' }),
  trustProxy: setting.flag({ help: "take the client's address from the proxy in front" }),
  proxyCidr: setting.list({
    placeholder: 'NETWORK',
    help: 'with --trust-proxy: networks of the proxies; by default loopback and private ones',
  }),
  allowAnonymous: setting.flag({ help: 'serve without authentication beyond loopback' }),
  workers: setting.integer({
    fallback: Math.max(1, availableParallelism() - 1),
    min: 1,
    max: 256,
    help: 'decode workers; by default one fewer than cores',
  }),
  ...processSettings,
  ...callSettings,
  decoder: setting.choice({ choices: decoderNames, fallback: 'scan', help: 'how messages are parsed' }),
  flushIntervalMs: setting.integer({
    fallback: 2,
    min: 1,
    max: 100,
    placeholder: 'MS',
    help: 'how often a worker looks into its lane',
  }),
  ringSeconds: setting.number({
    fallback: 2,
    min: 1,
    max: 600,
    placeholder: 'S',
    help: 'history of each participant',
  }),
  ringMemoryMb: setting.integer({
    fallback: 1024,
    min: 1,
    max: 1_048_576,
    placeholder: 'MB',
    help: 'cap for the history of all participants',
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
  maxMessagesPerSecond: setting.integer({
    fallback: 0,
    min: 0,
    max: 1_000_000,
    help: 'messages a second of one stream; 0 means twice what --max-participants send',
  }),
  maxUpgradesPerSecond: setting.integer({
    fallback: 2_000,
    min: 1,
    max: 1_000_000,
    help: 'upgrades a second of all clients',
  }),
  maxUpgradesPerAddress: setting.integer({
    fallback: 1_000,
    min: 1,
    max: 1_000_000,
    help: 'upgrades a second of one address',
  }),
  metadataTimeoutMs: setting.integer({
    fallback: 10_000,
    min: 100,
    max: 3_600_000,
    placeholder: 'MS',
    help: 'end a stream that sends no message for this long after the upgrade',
  }),
  idleTimeoutMs: setting.integer({
    fallback: 60_000,
    min: 100,
    max: 86_400_000,
    placeholder: 'MS',
    help: 'end a stream without audio for this long',
  }),
  duplicate: setting.choice({
    choices: ['replace', 'reject', 'allow'],
    fallback: 'replace',
    help: 'what becomes of a second socket with the same subscription',
  }),
  resumeGraceMs: setting.integer({
    fallback: 5_000,
    min: 0,
    max: 600_000,
    placeholder: 'MS',
    help: 'how long a stream that broke off waits for its next socket',
  }),
  drainTimeoutMs: setting.integer({
    fallback: 30_000,
    min: 0,
    max: 86_400_000,
    placeholder: 'MS',
    help: 'how long open streams may continue after SIGTERM',
  }),
  sink: setting.list({
    placeholder: 'SINK',
    help: 'where audio goes: wav:DIR, pcm:DIR, nats://HOST:PORT, module:FILE',
    expects: 'wav:DIR, pcm:DIR, nats://HOST:PORT[/SUBJECT-PREFIX] or module:FILE',
    // A kind, not a further HOST:PORT.
    itemStart: /^[a-z]+:(?!\d)/,
  }),
  playback: {
    ...optional(
      setting.choice({ choices: ['off', 'on'], fallback: 'off', help: 'whether audio can be sent into calls' }),
    ),
    shownFallback: 'off, unless a sink speaks',
  },
  playbackLeadMs: setting.integer({
    fallback: 200,
    min: playbackPrimeMs,
    max: 5_000,
    placeholder: 'MS',
    help: 'how far ahead of being heard audio is sent into a call',
  }),
  playbackSeconds: setting.number({
    fallback: 30,
    min: 1,
    max: 600,
    placeholder: 'S',
    help: 'audio that may wait to be sent into one call',
  }),
  playbackMemoryMb: setting.integer({
    fallback: 256,
    min: 1,
    max: 65_536,
    placeholder: 'MB',
    help: 'cap for the audio that waits to be sent into all calls',
  }),
  playbackMarks: setting.choice({
    choices: ['off', 'on'],
    fallback: 'off',
    help: 'mark the ends of utterances, which ACS may answer',
  }),
  threadTimeoutMs: setting.integer({
    fallback: 10_000,
    min: 1_000,
    max: 3_600_000,
    placeholder: 'MS',
    help: 'replace the thread of a sink or the capture that hangs for this long',
  }),
  capture: setting.text({
    fallback: null,
    placeholder: 'FILE',
    help: 'record every message as it came, to replay it; ?redact replaces audio and ids',
  }),
  fileAccess: setting.choice({
    choices: ['owner', 'group'],
    fallback: 'owner',
    help: 'who may read recordings and captures: the user of the process, or its group too',
  }),
  logLevel: setting.choice({ choices: logLevels, fallback: 'info', help: 'least severe level that is logged' }),
  logFormat: setting.choice({
    choices: logFormats,
    fallback: 'auto',
    help: 'how the log is written; auto is pretty on a terminal and json elsewhere',
  }),
} as const;

export type Config = Values<typeof serveSettings>;
