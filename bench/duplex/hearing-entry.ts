/** The process of the load generator that hears what it is sent. */
import { generatorAnswers } from '../load/generator-answers.ts';
import { answer } from '../load/ipc.ts';
import { Hearing } from './hearing.ts';

const hearing = new Hearing(process.argv[2] === 'verified');

answer({ ...generatorAnswers(hearing.stream), heard: () => hearing.read() });
