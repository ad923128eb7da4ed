/** The process of the load generator. */
import { generatorAnswers } from './generator-answers.ts';
import { answer } from './ipc.ts';

answer(generatorAnswers());
