/** Whether the manifests of one installation fit together: each selector, port and name in one must be found in another. Pure. */
import { containersOf, type Fields, type Manifest } from './manifests.ts';

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
}

interface Volume {
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly csi?: { readonly volumeAttributes: { readonly secretProviderClass: string } };
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels };
  readonly spec: Fields & {
    readonly terminationGracePeriodSeconds: number;
    readonly serviceAccountName?: string;
    readonly volumes?: readonly Volume[];
    readonly topologySpreadConstraints: readonly { readonly topologyKey: string; readonly labelSelector: Selector }[];
  };
}

interface Port {
  readonly port?: string | number;
  readonly targetPort?: string | number;
}

interface PolicyRule {
  /** Without it: anybody. */
  readonly from?: readonly { readonly podSelector?: Selector; readonly namespaceSelector?: Selector }[];
  readonly ports: readonly Port[];
}

/** What asks for pods: by labels, and for ports of theirs. */
interface Wish {
  readonly where: string;
  readonly labels: Labels;
  readonly ports: readonly (string | number)[];
}

/** Secrets are outside of the repository on purpose: the ones that a user, or cert-manager, makes. */
export const secretNames = ['acs-audio-gateway', 'acs-audio-balancer', 'acs-audio-certificate'];

function spec<T>(manifest: Manifest): T {
  return manifest['spec'] as T;
}

export function templateOf(deployment: Manifest): PodTemplate {
  return spec<{ template: PodTemplate }>(deployment).template;
}

function deploymentsIn(manifests: readonly Manifest[]): Manifest[] {
  return manifests.filter(({ kind }) => kind === 'Deployment');
}

function targets(ports: readonly Port[]): (string | number)[] {
  return ports.map(({ targetPort, port }) => targetPort ?? port ?? '');
}

function wishesOf(manifest: Manifest): Wish[] {
  const wish = (labels: Labels | undefined, ports: readonly Port[] = [], where: string = manifest.kind): Wish => ({
    where: `${where} ${manifest.metadata.name}`,
    labels: labels ?? {},
    ports: targets(ports),
  });
  const { selector } = spec<{ selector?: Selector }>(manifest) ?? {};
  switch (manifest.kind) {
    case 'Service':
      return [wish(selector as Labels | undefined, spec<{ ports: Port[] }>(manifest).ports)];
    case 'PodMonitor':
      return [wish(selector?.matchLabels, spec<{ podMetricsEndpoints: Port[] }>(manifest).podMetricsEndpoints)];
    case 'PodDisruptionBudget':
      return [wish(selector?.matchLabels)];
    case 'NetworkPolicy': {
      const { podSelector, ingress } = spec<{ podSelector: Selector; ingress: PolicyRule[] }>(manifest);
      const peers = ingress
        .flatMap(({ from }) => from ?? [])
        .filter(({ namespaceSelector }) => namespaceSelector === undefined);
      return [
        ...ingress.map(({ ports }) => wish(podSelector.matchLabels, ports)),
        ...peers.map((peer) => wish(peer.podSelector?.matchLabels, [], 'NetworkPolicy, ingress')),
      ];
    }
    case 'Deployment': {
      const spread = templateOf(manifest).spec.topologySpreadConstraints;
      return [
        wish(selector?.matchLabels),
        ...spread.map(({ labelSelector }) => wish(labelSelector.matchLabels, [], 'topologySpreadConstraints')),
      ];
    }
    default:
      return [];
  }
}

/** Selectors that select no pod, and ports that the pods have not. */
export function selectorProblems(manifests: readonly Manifest[]): string[] {
  const problems: string[] = [];
  for (const { where, labels, ports } of manifests.flatMap(wishesOf)) {
    const pairs = Object.entries(labels);
    const selected = deploymentsIn(manifests).filter((deployment) =>
      pairs.every(([name, value]) => templateOf(deployment).metadata.labels[name] === value),
    );
    if (pairs.length === 0 || selected.length === 0)
      problems.push(`${where} selects no pod: ${JSON.stringify(labels)}`);
    const open = new Set(selected.flatMap(containersOf).flatMap((container) => [...containerPorts(container)].flat()));
    for (const port of ports) if (!open.has(port)) problems.push(`${where}: no container has the port ${port}`);
  }
  for (const container of manifests.flatMap(containersOf)) {
    for (const { port } of probesOf(container)) {
      if (!containerPorts(container).has(String(port))) problems.push(`a probe: no container has the port ${port}`);
    }
  }
  return problems;
}

export interface Probe {
  readonly port: string | number;
  /** Not with `tcpSocket`. */
  readonly path?: string;
}

export function probesOf(container: Fields): Probe[] {
  return ['startupProbe', 'readinessProbe', 'livenessProbe']
    .map((name) => container[name] as { httpGet?: Probe; tcpSocket?: Probe } | undefined)
    .flatMap((probe) => probe?.httpGet ?? probe?.tcpSocket ?? []);
}

/** The ports of a container by name. */
export function containerPorts(container: Fields): Map<string, number> {
  const ports = container['ports'] as { name: string; containerPort: number }[];
  return new Map(ports.map(({ name, containerPort }) => [name, containerPort]));
}

/** Names of other objects: kind and name. */
function namesIn(manifest: Manifest): (readonly [kind: string, name: string | undefined])[] {
  const { kind } = manifest;
  if (kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject') {
    const { scaleTargetRef, triggers = [] } = spec<Scaler>(manifest);
    return [
      [scaleTargetRef.kind ?? 'Deployment', scaleTargetRef.name],
      ...triggers.map(({ authenticationRef }) => ['TriggerAuthentication', authenticationRef?.name] as const),
    ];
  }
  if (kind === 'PodMonitor') {
    const { podMetricsEndpoints } = spec<{
      podMetricsEndpoints: { authorization?: { credentials: { name: string } } }[];
    }>(manifest);
    return podMetricsEndpoints.map(({ authorization }) => ['Secret', authorization?.credentials.name]);
  }
  if (kind === 'Certificate') {
    const { secretName, issuerRef } = spec<{ secretName: string; issuerRef: { kind: string; name: string } }>(manifest);
    return [
      ['Secret', secretName],
      [issuerRef.kind, issuerRef.name],
    ];
  }
  if (kind === 'SecretProviderClass') {
    const { secretObjects } = spec<{ secretObjects: { secretName: string }[] }>(manifest);
    return secretObjects.map(({ secretName }) => ['Secret', secretName]);
  }
  if (kind !== 'Deployment') return [];
  const { serviceAccountName, volumes = [] } = templateOf(manifest).spec;
  const sources = containersOf(manifest).flatMap((container) => (container['envFrom'] ?? []) as EnvironmentSource[]);
  return [
    ['ServiceAccount', serviceAccountName],
    ...volumes.flatMap(({ persistentVolumeClaim, configMap, secret, csi }) => [
      ['SecretProviderClass', csi?.volumeAttributes.secretProviderClass] as const,
      ['PersistentVolumeClaim', persistentVolumeClaim?.claimName] as const,
      ['ConfigMap', configMap?.name] as const,
      ['Secret', secret?.secretName] as const,
    ]),
    ...sources.flatMap(({ configMapRef, secretRef }) => [
      ['ConfigMap', configMapRef?.name] as const,
      ['Secret', secretRef?.name] as const,
    ]),
  ];
}

interface Scaler {
  readonly scaleTargetRef: { readonly kind?: string; readonly name: string };
  readonly triggers?: readonly { readonly authenticationRef?: { readonly name: string } }[];
}

interface EnvironmentSource {
  readonly configMapRef?: { readonly name: string };
  readonly secretRef?: { readonly name: string };
}

export function nameProblems(manifests: readonly Manifest[]): string[] {
  const there = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  for (const name of secretNames) there.add(`Secret ${name}`);
  return manifests
    .flatMap(namesIn)
    .filter(([, name]) => name !== undefined)
    .map(([kind, name]) => `${kind} ${name}`)
    .filter((name) => !there.has(name))
    .map((name) => `there is no ${name}`);
}

/** The environment of the gateway's container, without the Secret. */
export function environmentOf(manifests: readonly Manifest[]): Record<string, string> {
  const found = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'acs-audio-gateway');
  return { ...(found!['data'] as Record<string, string>) };
}
