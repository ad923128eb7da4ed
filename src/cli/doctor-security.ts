/** The checks of `doctor` about who may connect: the certificate, and the keys with which tokens are checked. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/serve-settings.ts';
import { KeySet } from '../socket/auth/key-set.ts';
import { expiresMsOf, problemOfPair } from '../socket/certificate.ts';
import type { Finding } from './doctor-checks.ts';

/** A certificate that ends sooner should have been renewed by now. */
const renewalDays = 14;
const dayMs = 86_400_000;

export function certificate({ tlsCert, tlsKey }: Config, nowMs: number): Finding[] {
  if (tlsCert === null || tlsKey === null) return [];
  const name = '--tls-cert';
  const problem = problemOfPair({ cert: tlsCert, key: tlsKey });
  if (problem !== null) {
    return [{ name, verdict: 'wrong', detail: problem, remedy: 'give the PEM files of a certificate and its own key' }];
  }
  const days = Math.floor((expiresMsOf(readFileSync(tlsCert)) - nowMs) / dayMs);
  const detail = `valid for ${days} days`;
  if (days < 0) return [{ name, verdict: 'wrong', detail: 'it has expired', remedy: 'renew it' }];
  if (days < renewalDays) return [{ name, verdict: 'note', detail, remedy: 'does whatever renews it still work?' }];
  return [{ name, verdict: 'ok', detail }];
}

/** uWebSockets.js reads on from one connection as long as it fills this buffer at one go. */
const readBufferBytes = 524_288;

/** `rmem` is the content of /proc/sys/net/ipv4/tcp_rmem, null where there is none. */
export function receiveBuffer(rmem: string | null): Finding[] {
  const most = Number(rmem?.trim().split(/\s+/)[2] ?? Number.NaN);
  if (Number.isNaN(most)) return [];
  const name = 'net.ipv4.tcp_rmem';
  const detail = `at most ${most} bytes of one connection wait in the kernel`;
  if (most < readBufferBytes) return [{ name, verdict: 'ok', detail }];
  const remedy = `one peer that pours can hold the others up: "4096 131072 262144" (docs/security.md)`;
  return [{ name, verdict: 'note', detail, remedy }];
}

export async function keys({ auth, jwksUrl }: Config): Promise<Finding[]> {
  if (auth !== 'jwt') return [];
  const name = '--jwks-url';
  let problem: string | null = null;
  const keySet = new KeySet({
    url: jwksUrl,
    onError: (message) => {
      problem = message;
    },
    clock: () => performance.now(),
  });
  await keySet.refresh();
  if (problem === null) return [{ name, verdict: 'ok', detail: 'the keys can be fetched' }];
  const remedy = 'the gateway needs a way out to it: firewall, proxy, name service, certificate authorities';
  return [{ name, verdict: 'wrong', detail: `the keys cannot be fetched: ${problem}`, remedy }];
}
