/**
 * Questions and answers between the benchmark and the processes that it forks: each question has a number, each gets one
 * answer. This side is the forked process; `Child.ask` is the other one.
 */

export interface Question {
  readonly id: number;
  readonly what: string;
  readonly value: unknown;
}

export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

export type Handlers = Readonly<Record<string, (value: never) => unknown>>;

function send(message: Answer): void {
  process.send?.(message);
}

/** Answers questions until the parent is gone, and then ends this process: nobody would ever stop it. */
export function answer(handlers: Handlers): void {
  process.on('message', async (question: Question) => {
    const { id, what, value } = question;
    try {
      const handler = handlers[what];
      if (handler === undefined) throw new Error(`cannot answer ${what}`);
      send({ id, value: await handler(value as never) });
    } catch (error) {
      send({ id, error: (error as Error).message });
    }
  });
  process.on('disconnect', () => process.exit(0));
}
