/** Whether a rival speaks TLS: its environment names the files of the certificate then. */

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

const certVariable = 'BENCH_TLS_CERT';
const keyVariable = 'BENCH_TLS_KEY';

export function tlsEnvironment({ cert, key }: TlsFiles): NodeJS.ProcessEnv {
  return { [certVariable]: cert, [keyVariable]: key };
}

/** Null: in the clear. */
export function tlsFiles(): TlsFiles | null {
  const { [certVariable]: cert, [keyVariable]: key } = process.env;
  return cert === undefined || key === undefined ? null : { cert, key };
}
