/** What an error means for who has started the program. Any thread. */
import { GatewayError } from './errors.ts';

/** Null: a fault of ours. A module that is not there is a machine that is not complete. */
export function explain(error: unknown): GatewayError | null {
  if (error instanceof GatewayError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'ERR_DLOPEN_FAILED' && code !== 'MODULE_NOT_FOUND') return null;
  return new GatewayError('native_missing', `${String(message).split('\n')[0]}\nrun: acs-audio-gateway doctor`);
}
