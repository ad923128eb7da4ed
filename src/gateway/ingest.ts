/** The socket side of a gateway as its configuration wants it: who may come in, and what a socket costs. Main thread. */

import type { LogThrottled } from '../base/error-throttle.ts';
import { redactPath } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/serve-settings.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { allowList, trustedProxies } from '../socket/client-address.ts';
import { FrontEnd, type FrontEndOptions } from '../socket/front-end.ts';
import type { Guards } from '../socket/guards.ts';
import { labelReader } from '../socket/labels.ts';
import type { Sharing } from '../socket/port.ts';
import type { Pressure } from '../socket/pressure.ts';
import type { Readiness } from '../socket/upgrade.ts';
import { isTooCostly } from '../stream/costly.ts';

type FromOtherStages = Pick<FrontEndOptions, 'registry' | 'totals' | 'capture' | 'authenticate'>;

export interface IngestOptions extends FromOtherStages {
  readonly config: Config;
  readonly memory: SharedMemory;
  readonly log: Log;
  readonly logThrottled: LogThrottled;
  readonly guards: Guards;
  readonly pressure: Pressure;
  readonly readiness: () => Readiness;
  readonly sharing: Sharing;
}

export function createFrontEnd(options: IngestOptions): FrontEnd {
  const { config, memory, log, logThrottled, guards, pressure, readiness, sharing, ...stages } = options;
  const { host, port, tlsCert, tlsKey, metadataTimeoutMs, idleTimeoutMs, duplicate } = config;
  return new FrontEnd({
    ...stages,
    ...guards,
    host,
    port,
    sharing,
    sharesPort: config.sharePort,
    tls: tlsCert === null || tlsKey === null ? null : { cert: tlsCert, key: tlsKey },
    onCertificate: (error) => {
      if (error === null) log.info({ msg: 'certificate renewed' });
      else log.error({ msg: 'certificate cannot be renewed', error });
    },
    messageBytesMax: config.maxMessageBytes,
    metadataTimeoutMs,
    idleTimeoutMs,
    duplicate,
    admission: {
      path: config.path,
      isAllowed: allowList(config),
      isDuplicate: (owner) => duplicate === 'reject' && stages.registry.hasCall(owner),
      pressure: () => pressure.cause,
      readiness,
    },
    isTooCostly: (stream) => isTooCostly(memory, stream, performance.now()),
    proxies: trustedProxies(config),
    labelsOf: labelReader(config),
    onHandshakeError: (error) => logThrottled({ msg: 'handshake failed', error: redactPath(error) }),
    clock: () => performance.now(),
  });
}
