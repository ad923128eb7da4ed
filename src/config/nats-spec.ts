/**
 * The text `nats://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…][/SUBJECT-PREFIX][?options]`. Pure; any thread.
 */
import { isIP } from 'node:net';

export interface NatsSinkSpec {
  readonly kind: 'nats';
  /** The text without what is secret or local: the sink's name in metrics and logs. */
  readonly name: string;
  /** `host:port` of each server that is tried. */
  readonly servers: readonly string[];
  readonly prefix: string;
  /** With `user` null: a token. */
  readonly user: string | null;
  readonly password: string | null;
  /** A file as `nsc` writes it. */
  readonly credsFile: string | null;
  /** Null: encrypted if the server wants it. */
  readonly tls: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string } | null;
  /** Name of the JetStream stream that must acknowledge every message; null for core NATS. */
  readonly jetstream: string | null;
  /** Frames in one message; with one, the payload is its PCM and nothing else. */
  readonly framesPerMessage: number;
  /** Agents on other machines speak into calls. */
  readonly playback: boolean;
}

const defaultPort = 4222;
const defaultPrefix = 'acs.audio';
const prefixCharsMax = 100;
/** Durable storage wants several frames per message: half a second of one participant. */
const jetstreamFrames = 25;
/** A second of audio: as long as half of the shortest ring. */
export const framesPerMessageMax = 50;

const form = 'expected nats://HOST:PORT[/SUBJECT-PREFIX], as in nats://127.0.0.1:4222/acs.audio';
export const natsOptionNames = ['creds', 'tls', 'ca', 'cert', 'key', 'jetstream', 'frames', 'playback'] as const;
type OptionName = (typeof natsOptionNames)[number];
type Problem = { readonly problem: string };

/** `host:port`, or null if it is none. */
function serverOf(text: string): string | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const port = Number(match[2] ?? defaultPort);
  return port > 0 && port < 65536 ? `${match[1]}:${port}` : null;
}

function isAddress(server: string): boolean {
  return isIP(server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) !== 0;
}

function optionsOf(text: string): Partial<Record<OptionName, string>> | Problem {
  const options: Partial<Record<OptionName, string>> = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const name = natsOptionNames.find((each) => each === key);
    if (name === undefined) {
      return { problem: `unknown option ${JSON.stringify(key)}: expected one of ${natsOptionNames.join(', ')}` };
    }
    if (value === '' && name !== 'playback') return { problem: `${name}: expected a value` };
    options[name] = value;
  }
  return options;
}

/** What is wrong with options that each have a value. */
function problemOf({
  tls,
  cert,
  key,
  jetstream,
  frames,
  playback,
}: Partial<Record<OptionName, string>>): string | null {
  if (tls !== undefined && tls !== 'required') return 'tls: expected required';
  if ((cert === undefined) !== (key === undefined)) return 'cert, key: expected both, or none';
  // What JetStream does not take in the name of a stream.
  if (jetstream !== undefined && !/^[^\s.*>/\\]+$/.test(jetstream)) return 'jetstream: expected the name of a stream';
  if (frames !== undefined && !(/^\d+$/.test(frames) && Number(frames) >= 1 && Number(frames) <= framesPerMessageMax)) {
    return `frames: expected 1 to ${framesPerMessageMax}`;
  }
  if (playback !== undefined && playback !== '') return 'playback: expected no value';
  if (playback !== undefined && jetstream !== undefined) {
    return 'playback: not together with jetstream, which answers agents itself: give another --sink nats://… with another prefix';
  }
  return null;
}

function credentialsOf(text: string | undefined): { user: string | null; password: string | null } {
  if (text === undefined) return { user: null, password: null };
  const colon = text.indexOf(':');
  if (colon < 0) return { user: null, password: decodeURIComponent(text) };
  return { user: decodeURIComponent(text.slice(0, colon)), password: decodeURIComponent(text.slice(colon + 1)) };
}

export function parseNatsSink(text: string): NatsSinkSpec | Problem {
  const match = /^nats:\/\/(?:([^@/?]*)@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(text);
  if (match === null) return { problem: form };
  const [, secret, hosts = '', path = '', query = ''] = match;
  const servers = hosts.split(',').map(serverOf);
  if (servers.includes(null)) return { problem: form };
  const prefix = path.replace(/\/$/, '') || defaultPrefix;
  if (prefix.length > prefixCharsMax || !/^[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*$/.test(prefix)) {
    return { problem: 'subject prefix: expected words of letters, digits, _ and - with dots between' };
  }
  const options = optionsOf(query);
  if ('problem' in options) return options;
  const problem = problemOf(options);
  if (problem !== null) return { problem };
  const { creds, tls, ca, cert, key, jetstream, frames, playback } = options;
  const hasTls = tls !== undefined || ca !== undefined || cert !== undefined;
  if (hasTls && servers.some((server) => isAddress(server!))) {
    // The client would hold the certificate against "localhost".
    return {
      problem: 'with TLS, servers must be given by name: an address is not what a certificate is checked against',
    };
  }
  const framesPerMessage = Number(frames ?? (jetstream === undefined ? 1 : jetstreamFrames));
  const shown = [
    ...(jetstream === undefined ? [] : [`jetstream=${jetstream}`]),
    ...(framesPerMessage === 1 ? [] : [`frames=${framesPerMessage}`]),
    ...(playback === undefined ? [] : ['playback']),
  ].join('&');
  let credentials: ReturnType<typeof credentialsOf>;
  try {
    credentials = credentialsOf(secret);
  } catch {
    return { problem: 'user and password: expected %25 for each %' };
  }
  return {
    kind: 'nats',
    name: `nats://${servers.join(',')}/${prefix}${shown === '' ? '' : `?${shown}`}`,
    servers: servers as string[],
    prefix,
    ...credentials,
    credsFile: creds ?? null,
    tls: hasTls
      ? {
          ...(ca !== undefined && { caFile: ca }),
          ...(cert !== undefined && key !== undefined && { certFile: cert, keyFile: key }),
        }
      : null,
    jetstream: jetstream ?? null,
    framesPerMessage,
    playback: playback !== undefined,
  };
}
