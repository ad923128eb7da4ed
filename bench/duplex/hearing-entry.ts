/** The process of the load generator that hears what it is sent. */
import { generatorAnswers } from '../load/generator-answers.ts';
import { answer } from '../load/ipc.ts';
import { Hearing } from './hearing.ts';

const hearing = new Hearing(process.argv[2] === 'verified');

/** A gateway whose machine is busy takes no new stream for a moment. */
const busyMs = 20_000;

answer({ ...generatorAnswers(hearing.stream, busyMs), heard: () => hearing.read() });
