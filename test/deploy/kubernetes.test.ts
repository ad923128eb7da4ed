/**
 * The manifests of deploy/kubernetes and deploy/azure, each overlay as a whole: a cluster knows every field, everything that is
 * selected or named exists, and the numbers in them agree with those in the code.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { copies } from '../../deploy/kubernetes/copies.ts';
import {
  hardMessageBytesFactor,
  laneHalfBytes,
  outgoingBytesMax,
  pendingConnectionBytes,
  pendingConnectionsMax,
} from '../../src/base/limits.ts';
import { packageVersion } from '../../src/base/version.ts';
import { configure } from '../../src/cli/configuration.ts';
import { rulesIn } from '../grafana/catalogue.ts';
import { temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { afterDrainMs } from './drain-time.ts';
import {
  containerPorts,
  environmentOf,
  nameProblems,
  probesOf,
  selectorProblems,
  templateOf,
} from './manifest-references.ts';
import { fieldProblems, valueProblems } from './manifest-types.ts';
import { buildManifests, containersOf, type Fields, type Manifest } from './manifests.ts';
import { build, folderOf, only, overlays } from './overlays.ts';
import { type ISecretProviderClass, vaultProblems } from './secret-provider-class.ts';

const secret = { ACS_GATEWAY_ADMIN_TOKEN: 'secret', ACS_GATEWAY_JWT_AUDIENCE: 'resource' };

function inSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

describe.each(overlays)('overlay %s', (overlay) => {
  const manifests = build(overlay);
  const config = configure([], { ...environmentOf(manifests), ...secret });
  const deployment = only(manifests, 'Deployment');
  const template = templateOf(deployment);
  const [container] = containersOf(deployment);

  test('has only fields and values that Kubernetes, KEDA and the Prometheus Operator know', async () => {
    expect(fieldProblems(manifests)).toEqual([]);
    expect((await Promise.all(manifests.map(valueProblems))).flat()).toEqual([]);
  });

  test('selects pods, ports and names that there are', () => {
    expect(selectorProblems(manifests)).toEqual([]);
    expect(nameProblems(manifests)).toEqual([]);
  });

  test('takes secrets from the one Secret, which is in no file', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(JSON.stringify(container!['envFrom'])).toContain('{"secretRef":{"name":"acs-audio-gateway"}}');
    expect(Object.keys(environmentOf(manifests)).filter((name) => name.includes('TOKEN'))).toEqual([]);
  });

  test('says how many pods there are, or leaves it to one autoscaler', () => {
    const scalers = manifests.filter(({ kind }) => ['HorizontalPodAutoscaler', 'ScaledObject'].includes(kind));
    for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'Deployment')) {
      const own = scalers.filter((scaler) => scaler.metadata.name === metadata.name);
      const { replicas } = spec as Fields;
      expect(own.length + (replicas === undefined ? 0 : 1), metadata.name).toBe(1);
    }
  });

  test('gives a pod the time that its drain may take', () => {
    const { preStop } = (container!['lifecycle'] as { preStop: { sleep: { seconds: number } } } & Fields) ?? {};
    const least = preStop.sleep.seconds + inSeconds(config.drainTimeoutMs + afterDrainMs);
    const { terminationGracePeriodSeconds } = template.spec;
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(least + 10);
    expect(terminationGracePeriodSeconds).toBeLessThan(least + 60);
  });

  test('gives a pod the memory of its rings and lanes, 256 MiB for the process, and what peers can take', () => {
    const { requests, limits } = container!['resources'] as Record<'requests' | 'limits', Record<string, string>>;
    expect(limits).toEqual({ memory: requests!['memory'] });
    const mib = Number(/^(\d+)Gi$/.exec(limits!['memory']!)![1]) * 1024;
    const lanes = (config.workers * 2 * laneHalfBytes) / 2 ** 20;
    const ofStream = hardMessageBytesFactor * config.maxMessageBytes + outgoingBytesMax;
    const peers = (config.maxStreams * ofStream + pendingConnectionsMax * pendingConnectionBytes) / 2 ** 20;
    expect(mib).toBeGreaterThanOrEqual(config.ringMemoryMb + lanes + 256 + peers);
    expect(config.workers, 'not the cores of the node').toBe(Number(environmentOf(manifests)['ACS_GATEWAY_WORKERS']));
  });

  test('opens the ports that the gateway listens on, to others than itself', () => {
    expect(Object.fromEntries(containerPorts(container!))).toEqual({ ingest: config.port, admin: config.adminPort });
    expect([config.host, config.adminHost]).toEqual(['0.0.0.0', '0.0.0.0']);
  });

  test('runs an image of this version', () => {
    expect(container!['image']).toMatch(new RegExp(`^registry\\.example\\.com/acs-audio-gateway:${packageVersion()}$`));
  });

  test('spreads what cuts streams when it fails over zones, and nodes', () => {
    for (const manifest of manifests.filter(({ kind }) => kind === 'Deployment')) {
      const { topologySpreadConstraints } = templateOf(manifest).spec;
      const keys = topologySpreadConstraints.map(({ topologyKey }) => topologyKey);
      expect(keys, manifest.metadata.name).toEqual(['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
      const budget = only(manifests, 'PodDisruptionBudget', manifest.metadata.name);
      expect(budget.spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    }
  });

  test('runs without rights, without a token, and without the variables of other Services', () => {
    expect(template.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container!['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('is what kubectl kustomize builds', needs('kubectl'), () => {
    const { stdout, stderr } = spawnSync('kubectl', ['kustomize', folderOf(overlay)], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const hash = /((?:kind: ConfigMap\nmetadata:|configMap(?:Ref)?:)\n +name: acs-audio-[a-z]+)-[a-z0-9]{10}$/gm;
    const withoutHashes = stdout.replaceAll(hash, '$1');
    expect(withoutHashes).not.toBe(stdout);
    const named = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;
    const byName = (list: readonly Manifest[]) => new Map(list.map((manifest) => [named(manifest), manifest]));
    const theirs = parseAllDocuments(withoutHashes).map((document) => document.toJS() as Manifest);
    expect(theirs).toHaveLength(manifests.length);
    expect(byName(theirs)).toEqual(byName(manifests));
  });
});

describe('a fault in a manifest', () => {
  /** An overlay after one change in its text. */
  function changed(overlay: string, from: string, to: string): Manifest[] {
    const text = JSON.stringify(build(overlay));
    expect(text).toContain(from);
    return JSON.parse(text.replace(from, to)) as Manifest[];
  }

  test('is found: a field that does not exist, a value of the wrong type', async () => {
    expect(fieldProblems(changed('production', '"readinessProbe"', '"readynessProbe"')).join()).toContain(
      'readynessProbe',
    );
    expect(fieldProblems(changed('production', '"ignoreNullValues":"false"', '"ignoreNullValues":false'))).not.toEqual(
      [],
    );
    expect(fieldProblems(changed('production', '"jobLabel"', '"joblabel"')).join()).toContain('joblabel');
    const wrongTime = changed('production', '"interval":"15s"', '"interval":"15 s"');
    expect((await Promise.all(wrongTime.map(valueProblems))).flat()).not.toEqual([]);
  });

  test.each(['Service', 'PodDisruptionBudget', 'NetworkPolicy', 'PodMonitor', 'Deployment'])(
    'is found: the %s selects another label',
    (kind) => {
      const wrong = build('production').map((manifest) => {
        const text = JSON.stringify(manifest['spec']);
        const label = '"app.kubernetes.io/name":"acs-audio-gateway"';
        return manifest.kind === kind ? { ...manifest, spec: JSON.parse(text.replace(label, '"app":"x"')) } : manifest;
      });
      expect(selectorProblems(wrong as Manifest[]).join()).toContain('"app":"x"');
    },
  );

  test('is found: a port or a name that does not exist', () => {
    expect(selectorProblems(changed('production', '"targetPort":"ingest"', '"targetPort":"http"'))).toHaveLength(1);
    expect(selectorProblems(changed('production', '"port":"admin","path"', '"port":"metrics","path"'))).toHaveLength(1);
    expect(nameProblems(changed('production', '"scaleTargetRef":{"name":"acs', '"scaleTargetRef":{"name":"x'))).toEqual(
      ['there is no Deployment x-audio-gateway'],
    );
    expect(nameProblems(changed('small', '"claimName":"acs', '"claimName":"x'))).toHaveLength(1);
  });
});

test('the probes are answered with 200 by a gateway with the settings of an overlay', async () => {
  const flags = ['--host', '127.0.0.1', '--admin-host', '127.0.0.1', '--sink', `wav:${temporaryFolder()}`];
  const gateway = await GatewayProcess.startIn({ ...environmentOf(build('production')), ...secret }, ...flags);
  onTestFinished(() => gateway.kill());
  const ports: Record<string, number> = { ingest: gateway.port, admin: gateway.adminPort };
  const deployments = overlays.map((overlay) => only(build(overlay), 'Deployment'));
  const probes = deployments.flatMap(containersOf).flatMap(probesOf);
  expect(probes).toHaveLength(3 * overlays.length);
  for (const { port, path } of probes) {
    const { status } = await fetch(`http://127.0.0.1:${ports[port]}${path}`);
    expect(status, `${port} ${path}`).toBe(200);
  }
});

test('what stands elsewhere in deploy/ as well is the same there, word for word', () => {
  for (const [path, text] of copies()) expect(readFileSync(path, 'utf8'), 'run deploy/kubernetes/copies.ts').toBe(text);
  const { groups } = only(build('production'), 'PrometheusRule').spec as { groups: { rules: unknown[] }[] };
  const all = [...rulesIn('recording.yml'), ...rulesIn('alerts.yml')];
  expect(groups.flatMap(({ rules }) => rules)).toEqual(all);
  const balancer = only(build('production'), 'PrometheusRule', 'acs-audio-balancer').spec as {
    groups: { rules: unknown[] }[];
  };
  expect(balancer.groups.flatMap(({ rules }) => rules)).toEqual(rulesIn('haproxy.yml'));
});

test('the job that is scraped is the one that the rules select', () => {
  for (const overlay of ['production', 'azure']) {
    const manifests = build(overlay);
    for (const name of ['acs-audio-gateway', 'acs-audio-balancer']) {
      const { jobLabel } = only(manifests, 'PodMonitor', name).spec;
      const { labels } = templateOf(only(manifests, 'Deployment', name)).metadata;
      expect(labels[jobLabel as string], overlay).toBe(name);
    }
  }
});

test('deploy/azure watches, scales and admits as the overlay production does', () => {
  const [azure, production] = [build('azure'), build('production')];
  for (const name of ['acs-audio-gateway', 'acs-audio-balancer']) {
    const { labelLimit, labelNameLengthLimit, labelValueLengthLimit, ...rest } = only(azure, 'PodMonitor', name).spec;
    expect(rest).toEqual(only(production, 'PodMonitor', name).spec);
    expect([labelLimit, labelNameLengthLimit, labelValueLengthLimit]).toEqual([63, 511, 1023]);
    const policy = JSON.stringify(only(production, 'NetworkPolicy', name).spec);
    expect(only(azure, 'NetworkPolicy', name).spec).toEqual(
      JSON.parse(policy.replaceAll('"monitoring"', '"kube-system"')),
    );
  }
  const asked = (manifests: readonly Manifest[]) => {
    const { triggers, ...rest } = only(manifests, 'ScaledObject').spec as Fields & { triggers: Fields[] };
    return {
      ...rest,
      triggers: triggers.map(({ authenticationRef: _, metadata }) => ({ ...(metadata as Fields), serverAddress: '' })),
    };
  };
  expect(asked(azure)).toEqual(asked(production));
});

test('a fault in what is fetched from the vault is found', () => {
  const [found] = build('azure').filter(
    ({ kind }) => kind === 'SecretProviderClass',
  ) as unknown as ISecretProviderClass[];
  const change = (from: string, to: string) => vaultProblems(JSON.parse(JSON.stringify(found).replace(from, to)));
  expect(vaultProblems(found!)).toEqual([]);
  expect(change('objectType: secret', 'objectType: password')).toEqual([
    'acs-gateway-admin-token: no type of object: password',
  ]);
  expect(change('"objectName":"acs-gateway-admin', '"objectName":"acs-admin')).toHaveLength(1);
  expect(change('objectType: secret', 'objectKind: secret')).toHaveLength(2);
});

test('a key of a kustomization that is not built here is an error, not a gap', () => {
  expect(overlays.length).toBeGreaterThan(2);
  expect(() => buildManifests(join(import.meta.dirname, 'kustomization'))).toThrow('commonLabels: not built here');
});
