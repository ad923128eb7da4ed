/**
 * Passes the model's calls on to tools, and their results back. Worker thread. A result is sent as soon as it is there; one response
 * is asked for when all of a response are, unless the caller has spoken meanwhile: then the server answers to that.
 */
import type { ModelItem } from './dialect.ts';
import type { Tell } from './messages.ts';
import type { Tool, ToolContext } from './tools.ts';

export interface ToolCallsOptions {
  readonly tools: readonly Tool[];
  readonly call: Omit<ToolContext, 'signal'>;
  readonly send: (event: object) => void;
  readonly tell: Tell;
}

const timeoutMs = 10_000;

export class ToolCalls {
  private readonly options: ToolCallsOptions;
  private readonly ended = new AbortController();
  /** By response. */
  private readonly running = new Map<string, Promise<void>[]>();

  constructor(options: ToolCallsOptions) {
    this.options = options;
  }

  start(responseId: string, item: ModelItem): void {
    const calls = this.running.get(responseId) ?? [];
    this.running.set(responseId, calls);
    calls.push(this.run(item));
  }

  /** A response is done. Resolves when all its calls have been answered: whether there were any. */
  async answered(responseId: string): Promise<boolean> {
    const calls = this.running.get(responseId);
    this.running.delete(responseId);
    if (calls === undefined) return false;
    await Promise.all(calls);
    return !this.ended.signal.aborted;
  }

  /** The session is over: nobody waits for results. */
  stop(): void {
    this.ended.abort();
  }

  private async run({ name = '', call_id, arguments: input = '{}' }: ModelItem): Promise<void> {
    const { send, tell } = this.options;
    const result = await this.resultOf(name, input);
    if (this.ended.signal.aborted) return;
    const output = typeof result === 'string' ? result : JSON.stringify(result ?? null);
    send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id, output } });
    tell({ type: 'tool', name, input, output });
  }

  /** What went wrong is a result as well: the model can say so. */
  private async resultOf(name: string, input: string): Promise<unknown> {
    const { tools, call } = this.options;
    const tool = tools.find((one) => one.name === name);
    if (tool === undefined) return { error: `there is no tool ${name}` };
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([this.ended.signal, timeout]);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => reject(new Error('it took too long'));
    signal.addEventListener('abort', abort);
    try {
      return await Promise.race([tool.run(JSON.parse(input) as Record<string, unknown>, { ...call, signal }), aborted]);
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
