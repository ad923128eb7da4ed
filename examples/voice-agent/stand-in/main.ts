/**
 * Runs the stand-in until Ctrl-C:
 *
 *   node examples/voice-agent/stand-in/main.ts --port 9000
 */
import { parseArgs } from 'node:util';
import { standInDefaults } from './options.ts';
import { StandIn } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9000' },
    dialect: { type: 'string', default: 'ga' },
    sound: { type: 'string', default: 'tones' },
    'answer-ms': { type: 'string', default: String(standInDefaults.answerMs) },
    'late-deltas': { type: 'string', default: '0' },
    'break-every': { type: 'string', default: '0' },
    'tool-every': { type: 'string', default: '0' },
  },
});

const standIn = await StandIn.listen({
  port: Number(values.port),
  dialect: values.dialect === 'beta' ? 'beta' : 'ga',
  sound: values.sound === 'levels' ? 'levels' : 'tones',
  answerMs: Number(values['answer-ms']),
  lateDeltas: Number(values['late-deltas']),
  breakEvery: Number(values['break-every']),
  toolEvery: Number(values['tool-every']),
});
console.log(standIn.url);
process.once('SIGINT', () => standIn.close());
