/** What the agent is and where its model is, from flags and environment. Main thread. The key is in no message and no log. */
import { parseArgs } from 'node:util';

/** `ga`: OpenAI, Azure OpenAI under `/openai/v1`. `beta`: the older events, which Azure's dated Voice Live versions speak. */
export type Dialect = 'ga' | 'beta';

export interface AgentSettings {
  readonly url: string;
  readonly key: string;
  readonly keyHeader: 'bearer' | 'api-key';
  readonly dialect: Dialect;
  /** Who finds out when the caller speaks: the model's server, by loudness or by meaning, or this process. */
  readonly turns: 'server' | 'semantic' | 'local';
  readonly instructions: string;
  /** What the first answer is to be about, before the caller has said anything; empty: the caller speaks first. */
  readonly greeting: string;
  /** The service's own choice if empty. */
  readonly voice: string;
  /** The model that writes down what callers say; empty: nobody does. */
  readonly transcription: string;
  /** A session is replaced between two answers after so long. Services end them after an hour, in the middle of a word. */
  readonly sessionMinutes: number;
}

export interface ProgramSettings {
  readonly agent: AgentSettings;
  readonly port: number;
  readonly adminPort: number;
  /** Where calls are recorded, both sides; null: nowhere. */
  readonly record: string | null;
  readonly json: boolean;
}

const { env } = process;

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) throw new Error(`${name}: ${value}: expected one of ${allowed.join(', ')}`);
  return value as T;
}

export function readSettings(args: readonly string[]): ProgramSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '8080' },
      'admin-port': { type: 'string', default: '9464' },
      model: { type: 'string', default: env['REALTIME_URL'] ?? '' },
      dialect: { type: 'string', default: env['REALTIME_DIALECT'] ?? '' },
      turns: { type: 'string', default: 'server' },
      instructions: { type: 'string', default: 'You answer the telephone. Be brief and friendly.' },
      greeting: { type: 'string', default: 'Greet the caller and ask what you can do.' },
      voice: { type: 'string', default: env['REALTIME_VOICE'] ?? '' },
      transcription: { type: 'string', default: env['REALTIME_TRANSCRIPTION'] ?? '' },
      'session-minutes': { type: 'string', default: '50' },
      record: { type: 'string' },
      /** Events as JSON, one a line: for programs. */
      json: { type: 'boolean', default: false },
    },
  });
  if (!/^wss?:\/\//.test(values.model)) throw new Error('REALTIME_URL, or --model: expected a wss:// address');
  const url = new URL(values.model);
  const isAzure = url.hostname.endsWith('.azure.com');
  return {
    agent: {
      url: values.model,
      key: env['REALTIME_KEY'] ?? '',
      keyHeader: oneOf('REALTIME_KEY_HEADER', env['REALTIME_KEY_HEADER'] ?? (isAzure ? 'api-key' : 'bearer'), [
        'bearer',
        'api-key',
      ]),
      // What has a dated version speaks the dialect of its date.
      dialect: oneOf('--dialect', values.dialect || (url.searchParams.has('api-version') ? 'beta' : 'ga'), [
        'ga',
        'beta',
      ]),
      turns: oneOf('--turns', values.turns, ['server', 'semantic', 'local']),
      instructions: values.instructions,
      greeting: values.greeting,
      voice: values.voice,
      transcription: values.transcription,
      sessionMinutes: Number(values['session-minutes']),
    },
    port: Number(values.port),
    adminPort: Number(values['admin-port']),
    record: values.record ?? null,
    json: values.json,
  };
}
