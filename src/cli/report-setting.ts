/** How a command says its result: the same flag for all that have one. */
import { setting } from '../config/setting.ts';

export const reportSetting = setting.choice({
  choices: ['text', 'json'],
  fallback: 'text',
  help: 'how the result is printed',
});
