/** What stands between strangers and the rest, each with the limits that the configuration gives it. Main thread. */

import { catchUpSeconds, connectionsPerAddressMin, pendingConnectionsMax } from '../base/limits.ts';
import type { Config } from '../config/serve-settings.ts';
import type { Totals } from '../stream/totals.ts';
import { descriptorsMax, openDescriptors } from '../thread/descriptors.ts';
import { ConnectionLimit } from './connection-limit.ts';
import { Debts } from './debts.ts';
import { DescriptorGuard } from './descriptor-guard.ts';
import { HandshakeLimit } from './handshake-limit.ts';

export interface Guards {
  readonly handshakes: HandshakeLimit;
  readonly connections: ConnectionLimit;
  readonly descriptors: DescriptorGuard;
  readonly debts: Debts;
}

export function createGuards(config: Config, totals: Totals): Guards {
  const { maxUpgradesPerSecond, maxUpgradesPerAddress, maxMessagesPerSecond, processes } = config;
  const most = descriptorsMax();
  return {
    handshakes: new HandshakeLimit({ perSecond: maxUpgradesPerSecond, perSecondAndAddress: maxUpgradesPerAddress }),
    connections: new ConnectionLimit(
      {
        pendingMax: Math.min(pendingConnectionsMax / processes, Math.floor((most ?? Number.POSITIVE_INFINITY) / 2)),
        perSecondAndAddress: Math.max(2 * maxUpgradesPerAddress, Math.ceil(connectionsPerAddressMin / processes)),
      },
      totals,
    ),
    descriptors: new DescriptorGuard({ open: openDescriptors, most }),
    debts: new Debts({ unitsPerSecond: maxMessagesPerSecond, deepUnits: maxMessagesPerSecond * catchUpSeconds }),
  };
}
