/** How many pods KEDA would ask for: the query of the ScaledObject, answered by a real Prometheus that scrapes real gateways. */
import { resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import { Alerting } from './alerting.ts';
import { buildManifests } from './manifests.ts';

interface ScaledObject {
  readonly spec: { readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[] };
}

describe('the ScaledObject', needs('prometheus', 'prometheus-alertmanager'), () => {
  test(
    'asks for as many pods as the streams fill to 60 %, and for no fewer while some of them drain',
    judgingTimes(async () => {
      const manifests = buildManifests(resolve(import.meta.dirname, '../../deploy/kubernetes/overlays/production'));
      const { spec } = manifests.find(({ kind }) => kind === 'ScaledObject') as unknown as ScaledObject;
      const { query, threshold } = spec.triggers[0]!.metadata;

      const start = () => GatewayProcess.start('--max-streams', '20');
      const begunMs = performance.now();
      const gateways = [await start(), await start()] as const;
      // Where two gateways take longer than that to start, everything here does, and calls must last as much longer.
      const slowness = Math.max(1, (performance.now() - begunMs) / 3000);
      for (const gateway of gateways) onTestFinished(() => gateway.kill());
      const alerting = await Alerting.start(
        temporaryFolder(),
        gateways.map(({ adminPort }) => adminPort),
      );
      onTestFinished(() => alerting.stop());
      /** What a HorizontalPodAutoscaler does with an AverageValue. */
      const pods = async () => {
        const worth = await alerting.query(query!);
        return worth === null ? null : Math.ceil(worth / Number(threshold));
      };

      await eventually(async () => (await pods()) === 0);
      const flags = ['--participants', '0', '--duration', `${Math.round(8000 * slowness)}ms`];
      const calls = gateways.map(({ url }) => startSimulator(url, '--calls', '15', ...flags));
      // 30 streams are worth 1.5 pods of 20; at 60 % that is 2.5.
      await eventually(async () => (await pods()) === 3);
      gateways[0].signal('SIGTERM');
      await eventually(async () => (await alerting.query('sum(acs_gateway_draining)')) === 1);
      expect(await pods()).toBe(3);
      for (const { report } of calls) expect((await report).ok).toBe(true);
    }),
  );
});
