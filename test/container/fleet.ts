/**
 * Starts services of deploy/compose.yaml the way Compose would: images, commands, environment, mounts, networks and limits as
 * they stand there, in the order of `depends_on`, each when its conditions hold.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ComposeFile, milliseconds, mountsOf, type Service, startOrder } from './compose-file.ts';
import type { Container, ContainerEngine } from './engine.ts';
import { gatewayImage } from './images.ts';
import { ContainerNetwork } from './network.ts';

const healthyMsMax = 40_000;

/** What Compose does with them is of no matter here, or is done elsewhere in this file. */
const elsewhere = new Set([
  ...['build', 'pull_policy', 'profiles', 'restart', 'logging', 'ports'],
  ...['depends_on', 'healthcheck', 'stop_grace_period', 'networks'],
]);

const translations: { readonly [Key in keyof Service]?: (service: Service) => readonly string[] } = {
  user: ({ user }) => ['--user', user!],
  entrypoint: ({ entrypoint }) => ['--entrypoint', JSON.stringify(entrypoint)],
  environment: ({ environment }) =>
    Object.entries(environment!).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  // podman would add places to write to.
  read_only: ({ read_only }) => (read_only ? ['--read-only', '--read-only-tmpfs=false'] : []),
  cap_drop: ({ cap_drop }) => cap_drop!.flatMap((name) => ['--cap-drop', name]),
  security_opt: ({ security_opt }) => security_opt!.flatMap((text) => ['--security-opt', text.replace(':true', '')]),
  mem_limit: ({ mem_limit }) => ['--memory', mem_limit!],
  memswap_limit: ({ memswap_limit }) => ['--memory-swap', memswap_limit!],
  // With one limit given podman sets the others as high as it likes, which a virtual machine may not allow.
  ulimits: ({ ulimits }) => {
    const { soft, hard } = ulimits!.nofile;
    return ['--ulimit', `nofile=${soft}:${hard}`, '--ulimit', 'nproc=4096:4096'];
  },
  tmpfs: ({ tmpfs }) => tmpfs!.flatMap((path) => ['--tmpfs', path]),
  volumes: (service) =>
    mountsOf(service).flatMap(({ source, target, isReadOnly }) => [
      '--volume',
      `${source}:${target}${isReadOnly ? ':ro' : ''}`,
    ]),
  network_mode: ({ network_mode }) => ['--network', network_mode!],
  image: () => [],
  command: () => [],
};

function flagsOf(service: Service): string[] {
  return (Object.keys(service) as (keyof Service)[]).flatMap((key) => {
    const translate = translations[key];
    if (translate === undefined && !elsewhere.has(key)) throw new Error(`${key} is not known here`);
    return translate?.(service) ?? [];
  });
}

export class Fleet {
  readonly network: ContainerNetwork;
  readonly containers = new Map<string, Container>();
  private readonly engine: ContainerEngine;
  private readonly services: Readonly<Record<string, Service>>;

  constructor(engine: ContainerEngine, file: ComposeFile, services: Readonly<Record<string, Service>>) {
    this.engine = engine;
    this.services = services;
    this.network = new ContainerNetwork(Object.keys(file.networks));
    for (const [name, { networks }] of Object.entries(services)) {
      if (networks !== undefined) this.network.add(name, networks);
    }
  }

  /** Starts all, each when what it depends on is as it wants it. */
  async start(): Promise<void> {
    for (const name of startOrder(this.services)) {
      const service = this.services[name]!;
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        if (condition === 'service_healthy') await this.healthy(needed);
        if (condition === 'service_completed_successfully') await this.completed(needed);
      }
      const image = service.image === 'acs-audio-gateway' ? gatewayImage : service.image;
      const network = service.networks === undefined ? [] : this.network.flags(name);
      const flags = ['--no-healthcheck', ...network, ...flagsOf(service)];
      this.containers.set(name, this.engine.run(`compose-${name}`, [...flags, image, ...(service.command ?? [])]));
    }
  }

  /** Waits until the service's health check, or its image's, says 0. */
  async healthy(name: string): Promise<void> {
    const container = this.containers.get(name)!;
    const { test } = this.services[name]!.healthcheck ?? {};
    const command = test?.slice(1) ?? this.engine.healthCommand(gatewayImage);
    for (const deadline = Date.now() + healthyMsMax; ; await sleep(200)) {
      if (container.hasEnded) throw new Error(`${name} has ended:\n${container.output}`);
      if (container.isRunning && container.exec(...command).code === 0) return;
      if (Date.now() > deadline) throw new Error(`${name} does not get healthy:\n${container.output}`);
    }
  }

  /** Stops the services in the opposite order. Returns their exit codes. */
  async stop(): Promise<Map<string, number | null>> {
    const codes = new Map<string, number | null>();
    for (const name of startOrder(this.services).reverse()) {
      const grace = milliseconds(this.services[name]!.stop_grace_period ?? '10s');
      codes.set(name, (await this.containers.get(name)?.stop(grace / 1000)) ?? null);
    }
    return codes;
  }

  close(): void {
    this.network.close();
  }

  private async completed(name: string): Promise<void> {
    const container = this.containers.get(name)!;
    const code = await container.exit();
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${container.output}`);
  }
}
