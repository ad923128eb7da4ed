/** What a session is told to be: taken, or refused as the services do. Pure. */
import { modelRate } from '../dialect.ts';
import type { Dialect } from '../settings.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly param: string;
}

export interface TurnDetection {
  readonly type: string;
  readonly create_response?: boolean;
  readonly interrupt_response?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: what a client sends has any shape.
type Any = any;

export interface SessionConfig {
  readonly tools: readonly { readonly name: string }[];
  /** Null: off. */
  readonly turnDetection: TurnDetection | null;
}

function refuse(code: string, param: string): Refusal {
  return { code, param, message: `${code}: '${param}'` };
}

function formatRefusal(format: Any, param: string): Refusal | null {
  if (format === undefined) return null;
  if (typeof format !== 'object') return refuse('invalid_type', param);
  if (format.type === 'audio/pcm' && format.rate === undefined)
    return refuse('missing_required_parameter', `${param}.rate`);
  if (format.type === 'audio/pcm' && format.rate !== modelRate) return refuse('invalid_value', `${param}.rate`);
  return null;
}

export function refusalOf(dialect: Dialect, session: Any): Refusal | null {
  if (dialect === 'ga') {
    if (session?.type !== 'realtime') return refuse('missing_required_parameter', 'session.type');
    return (
      formatRefusal(session.audio?.input?.format, 'session.audio.input.format') ??
      formatRefusal(session.audio?.output?.format, 'session.audio.output.format')
    );
  }
  if (session?.type !== undefined) return refuse('unknown_parameter', 'session.type');
  if (session?.audio !== undefined) return refuse('unknown_parameter', 'session.audio');
  if ((session?.input_audio_format ?? 'pcm16') !== 'pcm16')
    return refuse('invalid_value', 'session.input_audio_format');
  return null;
}

const serverVad: TurnDetection = { type: 'server_vad', create_response: true, interrupt_response: true };

/** The session as it is with the update. */
export function updated(dialect: Dialect, session: Any, before: SessionConfig): SessionConfig {
  const asked = dialect === 'ga' ? session.audio?.input?.turn_detection : session.turn_detection;
  const turnDetection = asked === undefined ? before.turnDetection : asked && { ...serverVad, ...asked };
  return { tools: session.tools ?? before.tools, turnDetection };
}

export const newSession: SessionConfig = { tools: [], turnDetection: serverVad };
