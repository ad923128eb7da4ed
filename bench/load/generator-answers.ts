/** What the process of a load generator can be asked. */
import { type HearStream, LoadGenerator } from './generator.ts';
import type { Handlers } from './ipc.ts';
import type { Plan } from './plan.ts';

export function generatorAnswers(hearStream?: HearStream, busyMs?: number): Handlers {
  let generator: LoadGenerator;
  return {
    connect: async (plan: Plan) => {
      generator = new LoadGenerator(plan, hearStream, busyMs);
      await generator.connect();
    },
    start: () => generator.start(),
    mark: () => generator.setMark(),
    stop: () => generator.stop(),
    close: () => generator.close(),
    report: () => generator.report(),
  };
}
