/** The load generator that hears, seen from the benchmark. */
import { GeneratorProcess } from '../load/generator-process.ts';
import type { Heard } from './hearing.ts';

export class HearingProcess extends GeneratorProcess {
  constructor(isVerified: boolean) {
    super(new URL('./hearing-entry.ts', import.meta.url), isVerified ? ['verified'] : []);
  }

  heard(): Promise<Heard> {
    return this.child.ask('heard');
  }
}
