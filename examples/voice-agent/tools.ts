/**
 * What the model may do beside speaking: replace these. `run` gets what the model says, checked by nobody, and returns what the model
 * is to know. It may throw, and take its time: the call continues meanwhile.
 */
export interface Tool {
  readonly name: string;
  /** When to use it, for the model. */
  readonly description: string;
  /** JSON Schema of the input. */
  readonly parameters: object;
  run(input: Record<string, unknown>, call: ToolContext): unknown;
}

export interface ToolContext {
  readonly streamId: string;
  /** ACS's id of the call: what a call application needs to hang it up, or to transfer it. */
  readonly callConnectionId: string | null;
  /** The call has ended, or it took too long. */
  readonly signal: AbortSignal;
}

const hours: Record<string, string> = { saturday: '10 to 14', sunday: 'closed' };

export const tools: readonly Tool[] = [
  {
    name: 'opening_hours',
    description: 'The opening hours of the shop on a day of the week.',
    parameters: { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] },
    run: ({ day }) => ({ day, hours: hours[String(day).toLowerCase()] ?? '9 to 18' }),
  },
  {
    name: 'current_time',
    description: 'The date and time of now.',
    parameters: { type: 'object', properties: {} },
    run: () => new Date().toISOString(),
  },
];
