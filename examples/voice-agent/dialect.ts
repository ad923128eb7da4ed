/**
 * The events of realtime speech models as far as an agent needs them, in the two dialects that are in use. Pure; any thread. Unknown
 * events and fields occur in both and are to be ignored.
 */
import type { AgentSettings, Dialect } from './settings.ts';
import type { Tool } from './tools.ts';

/** Samples per second of what models hear and say. */
export const modelRate = 24_000;

export interface ModelItem {
  readonly id: string;
  readonly type: string;
  readonly status?: string;
  readonly name?: string;
  readonly call_id?: string;
  readonly arguments?: string;
}

/** Which fields there are depends on the type. */
export interface ModelEvent {
  readonly type: string;
  readonly response_id?: string;
  readonly item_id?: string;
  readonly content_index?: number;
  readonly delta?: string;
  readonly transcript?: string;
  readonly item?: ModelItem;
  readonly response?: {
    readonly id: string;
    readonly status?: string;
    readonly metadata?: Readonly<Record<string, string>> | null;
    readonly status_details?: { readonly reason?: string; readonly error?: { readonly code?: string } } | null;
  };
  readonly error?: { readonly code?: string | null; readonly message?: string };
}

/** Beta's names are those of GA without the `output_`. */
const renamed = /^response\.(audio|audio_transcript|text)\./;

/** The name of an event in GA, whichever dialect it came in. */
export function typeOf(event: ModelEvent): string {
  return event.type.replace(renamed, 'response.output_$1.');
}

function turnDetection(turns: AgentSettings['turns']): object | null {
  if (turns === 'local') return null;
  // The server answers when the caller has ended, and breaks off its answer when the caller begins.
  return {
    type: turns === 'server' ? 'server_vad' : 'semantic_vad',
    create_response: true,
    interrupt_response: true,
  };
}

/** The first thing that a session is told. */
export function sessionUpdate(settings: AgentSettings, tools: readonly Tool[]): object {
  const { instructions, voice, transcription, turns } = settings;
  const both = {
    instructions,
    tools: tools.map(({ name, description, parameters }) => ({ type: 'function', name, description, parameters })),
    tool_choice: 'auto',
  };
  const spoken = voice === '' ? {} : { voice };
  const written = transcription === '' ? null : { model: transcription };
  if (settings.dialect === 'beta') {
    const session = {
      ...both,
      ...spoken,
      modalities: ['text', 'audio'],
      input_audio_format: 'pcm16',
      output_audio_format: 'pcm16',
      turn_detection: turnDetection(turns),
      ...(written && { input_audio_transcription: written }),
    };
    return { type: 'session.update', session };
  }
  const format = { type: 'audio/pcm', rate: modelRate };
  const input = { format, turn_detection: turnDetection(turns), ...(written && { transcription: written }) };
  const audio = { input, output: { format, ...spoken } };
  return { type: 'session.update', session: { type: 'realtime', ...both, output_modalities: ['audio'], audio } };
}

/** How a response says that we asked for it: what is sent along comes back when it begins. */
const asked = { asked: 'yes' };

export function isAskedFor(event: ModelEvent): boolean {
  return event.response?.metadata?.['asked'] === asked.asked;
}

/** Instructions of a response stand in place of the session's. */
export function createResponse(settings: AgentSettings, instructions: string): object {
  const said = instructions === '' ? {} : { instructions: `${settings.instructions}\n\n${instructions}` };
  return { type: 'response.create', response: { metadata: asked, ...said } };
}

/** What was said before, for a session that has not heard it. */
export function messageItem(dialect: Dialect, role: 'user' | 'assistant', text: string): object {
  const spoken = dialect === 'ga' ? 'output_text' : 'text';
  const content = [{ type: role === 'user' ? 'input_text' : spoken, text }];
  return { type: 'conversation.item.create', item: { type: 'message', role, content } };
}
