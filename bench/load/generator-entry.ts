/** The process of the load generator. */
import { LoadGenerator } from './generator.ts';
import { answer } from './ipc.ts';
import type { Plan } from './plan.ts';

let generator: LoadGenerator;

answer({
  connect: async (plan: Plan) => {
    generator = new LoadGenerator(plan);
    await generator.connect();
  },
  start: () => generator.start(),
  mark: () => generator.setMark(),
  stop: () => generator.stop(),
  close: () => generator.close(),
  report: () => generator.report(),
});
