/** HAProxy in the manifests of deploy/kubernetes and deploy/azure: as large and as many as computed; and the way without it. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { balancerSize, balancersFor } from '../../deploy/kubernetes/balancer-size.ts';
import { configure } from '../../src/cli/configuration.ts';
import { containerPorts, environmentOf, templateOf } from './manifest-references.ts';
import { containersOf, type Fields } from './manifests.ts';
import { balanced, build, only } from './overlays.ts';

const root = resolve(import.meta.dirname, '../..');
const secret = { ACS_GATEWAY_ADMIN_TOKEN: 'secret', ACS_GATEWAY_JWT_AUDIENCE: 'resource' };

describe.each(balanced)('the balancer of overlay %s', (overlay) => {
  const manifests = build(overlay);
  const deployment = only(manifests, 'Deployment', 'acs-audio-balancer');
  const [container] = containersOf(deployment);
  const entries = container!['env'] as { name: string; value: string }[];
  const environment = new Map(entries.map(({ name, value }) => [name, value]));

  test('finds the pods by the name of their Service, in the namespace where they are', () => {
    const { metadata, spec } = only(manifests, 'Service');
    const { port } = (spec['ports'] as { port: number }[])[0]!;
    const name = `${metadata.name}.${metadata.namespace}.svc.cluster.local:${port}`;
    expect(environment.get('GATEWAYS')).toBe(name);
    expect(spec['clusterIP']).toBe('None');
  });

  test('listens where its Service and its probes look, and gets the time of its own drain', () => {
    const { streams, status, certificate } = Object.fromEntries(containerPorts(container!));
    const binds = ['BALANCER_BIND', 'BALANCER_STATUS_BIND', 'BALANCER_CERTIFICATE_BIND'];
    expect(binds.map((name) => environment.get(name))).toEqual(
      [streams, status, certificate].map((port) => `:${port}`),
    );
    const { preStop } = container!['lifecycle'] as { preStop: { sleep: { seconds: number } } };
    const hardStop = Number(/^(\d+)s$/.exec(environment.get('BALANCER_HARD_STOP')!)![1]);
    expect(templateOf(deployment).spec.terminationGracePeriodSeconds).toBe(preStop.sleep.seconds + hardStop + 30);
  });

  test('has the size that its arithmetic gives', () => {
    const size = balancerSize(Number(environment.get('BALANCER_STREAMS')));
    expect(Number(environment.get('BALANCER_MAXCONN'))).toBe(size.streams + 100);
    const { requests, limits } = container!['resources'] as Record<'requests' | 'limits', Record<string, string>>;
    expect(requests).toEqual({ cpu: String(size.requestCores), memory: limits!['memory'] });
    expect(limits).toEqual({ memory: expect.stringMatching(/^\d+Gi$/) });
    expect(Number.parseInt(limits!['memory']!, 10) * 1024).toBeGreaterThan(2 * size.memoryMib);
  });

  test('is the image of the version that the tests run, in full, beside its own renewal of the certificate', () => {
    const { initContainers } = templateOf(deployment).spec as unknown as { initContainers: Fields[] };
    const images = [container!, ...initContainers].map((each) => each['image']);
    const compose = parse(readFileSync(join(root, 'deploy/compose.yaml'), 'utf8'), { merge: true });
    expect(new Set(images)).toEqual(new Set([compose.services.haproxy.image]));
    expect(images[0]).toMatch(/^haproxy:2\.6\.\d+(@sha256:[0-9a-f]{64})?$/);
    const [renew] = initContainers;
    expect(renew).toMatchObject({ restartPolicy: 'Always', securityContext: container!['securityContext'] as Fields });
    const { data } = only(manifests, 'ConfigMap', 'acs-audio-balancer') as unknown as { data: Record<string, string> };
    const [, master] = /-S (127\.0\.0\.1:(\d+))$/.exec((container!['args'] as string[]).join(' ')) ?? [];
    expect(data['renew.sh']).toContain(`BALANCER_MASTER_PORT:-${master!.split(':')[1]}}`);
  });

  test('knows only variables that haproxy.cfg reads', () => {
    const { data } = only(manifests, 'ConfigMap', 'acs-audio-balancer') as unknown as { data: Record<string, string> };
    const read = Array.from(data['haproxy.cfg']!.matchAll(/"\$\{(\w+)/g), ([, name]) => name);
    expect(read).toEqual(expect.arrayContaining([...environment.keys()]));
  });
});

test.each([
  ['production', 'ScaledObject'],
  ['production-hpa', 'HorizontalPodAutoscaler'],
  ['azure', 'ScaledObject'],
])('the balancers of overlay %s can carry what the %s lets the gateways grow to', (overlay, kind) => {
  const manifests = build(overlay);
  const { maxReplicas, maxReplicaCount } = only(manifests, kind).spec;
  const streams = Number(maxReplicas ?? maxReplicaCount) * Number(environmentOf(manifests)['ACS_GATEWAY_MAX_STREAMS']);
  const [container] = containersOf(only(manifests, 'Deployment', 'acs-audio-balancer'));
  const entries = container!['env'] as { name: string; value: string }[];
  const size = balancerSize(Number(entries.find(({ name }) => name === 'BALANCER_STREAMS')!.value));
  const { spec } = only(manifests, 'HorizontalPodAutoscaler', 'acs-audio-balancer');
  expect(spec).toMatchObject({
    minReplicas: balancersFor(0, size),
    maxReplicas: balancersFor(streams, size),
    metrics: [{ resource: { target: { averageUtilization: size.utilizationPercent } } }],
  });
  // Each HAProxy has a place for every pod, draining ones too.
  const { data } = only(manifests, 'ConfigMap', 'acs-audio-balancer') as unknown as { data: Record<string, string> };
  const places = Number(/server-template gateway- (\d+) /.exec(data['haproxy.cfg']!)![1]);
  expect(places).toBe(2 * Number(maxReplicas ?? maxReplicaCount));
});

describe('the overlay without a balancer', () => {
  const manifests = build('production-direct');
  const deployment = only(manifests, 'Deployment');
  const [container] = containersOf(deployment);

  test('serves TLS from the Secret that it mounts, and is asked by TLS', () => {
    const mounts = container!['volumeMounts'] as { name: string; mountPath: string }[];
    const { tlsCert, tlsKey, trustProxy } = configure([], { ...environmentOf(manifests), ...secret });
    const { mountPath } = mounts[0]!;
    expect([tlsCert, tlsKey, trustProxy]).toEqual([`${mountPath}/tls.crt`, `${mountPath}/tls.key`, false]);
    for (const name of ['startupProbe', 'readinessProbe'])
      expect(container![name]).toMatchObject({ httpGet: { port: 'ingest', path: '/readyz', scheme: 'HTTPS' } });
    expect(container!['livenessProbe']).toMatchObject({ httpGet: { port: 'admin' } });
  });

  test('gets connections with the address of the client, on nodes that have a pod that is ready', () => {
    expect(only(manifests, 'Service', 'acs-audio-ingest').spec).toMatchObject({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
    });
    const { ingress } = only(manifests, 'NetworkPolicy').spec as { ingress: Fields[] };
    expect(ingress[0]).toEqual({ ports: [{ protocol: 'TCP', port: 'ingest' }] });
  });

  test('carries as many streams as the one with HAProxy', () => {
    const most = (overlay: string) => {
      const all = build(overlay);
      const { maxReplicaCount } = only(all, 'ScaledObject').spec;
      return Number(maxReplicaCount) * Number(environmentOf(all)['ACS_GATEWAY_MAX_STREAMS']);
    };
    expect(most('production-direct')).toBe(most('production'));
  });
});
