/**
 * The networks of a compose file on a machine without a container engine's own: a bridge for each, a namespace for each
 * service, and names in files instead of a name server. All of it stands in namespaces of its own; nothing is changed in the
 * machine's network.
 */
import { command, must, type Output } from './engine.ts';

interface Address {
  readonly service: string;
  readonly network: string;
  readonly ip: string;
}

export class ContainerNetwork {
  private readonly prefix = `acs${process.pid}`;
  private readonly networks: readonly string[];
  private readonly addresses: Address[] = [];
  private readonly spaces: string[] = [];

  constructor(networks: readonly string[]) {
    this.networks = networks;
    this.create(this.machine);
    networks.forEach((_, index) => {
      this.ip('link', 'add', `br${index}`, 'type', 'bridge');
      this.ip('addr', 'add', `172.30.${index}.1/24`, 'dev', `br${index}`);
      this.ip('link', 'set', `br${index}`, 'up');
    });
  }

  /** Where the bridges stand: the machine on which the compose file would run. */
  private get machine(): string {
    return `${this.prefix}-machine`;
  }

  /** Gives a service its place in some of the networks. All must be added before the first one starts. */
  add(service: string, networks: readonly string[]): void {
    const space = this.spaceOf(service);
    this.create(space);
    for (const network of networks) {
      const index = this.networks.indexOf(network);
      const number = 10 + this.addresses.length;
      const ip = `172.30.${index}.${number}`;
      this.ip('link', 'add', `v${number}`, 'type', 'veth', 'peer', 'name', `eth${index}`, 'netns', space);
      this.ip('link', 'set', `v${number}`, 'master', `br${index}`, 'up');
      must('ip', ['-n', space, 'addr', 'add', `${ip}/24`, 'dev', `eth${index}`]);
      must('ip', ['-n', space, 'link', 'set', `eth${index}`, 'up']);
      this.addresses.push({ service, network, ip });
    }
  }

  /** Flags of podman that put a container there, with the names of those that it shares a network with. */
  flags(service: string): string[] {
    const own = this.addresses.filter((each) => each.service === service).map(({ network }) => network);
    const seen = this.addresses.filter(({ network }) => own.includes(network));
    const hosts = new Map(seen.map((each) => [each.service, each.ip]));
    const names = Array.from(hosts, ([name, ip]) => ['--add-host', `${name}:${ip}`]).flat();
    return ['--network', `ns:/run/netns/${this.spaceOf(service)}`, ...names];
  }

  /** Every address of a service. */
  addressesOf(service: string): string[] {
    return this.addresses.filter((each) => each.service === service).map(({ ip }) => ip);
  }

  /** GET, from the machine: the body, or null. */
  get(service: string, port: number, path: string): string | null {
    const url = `http://${this.addressesOf(service)[0]}:${port}${path}`;
    const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).then((t) => process.stdout.write(t))`;
    const { code, stdout } = this.onMachine(process.execPath, '-e', script);
    return code === 0 ? stdout : null;
  }

  close(): void {
    for (const space of this.spaces) command('ip', ['netns', 'delete', space]);
  }

  private onMachine(...args: readonly string[]): Output {
    return command('ip', ['netns', 'exec', this.machine, ...args]);
  }

  private spaceOf(service: string): string {
    return `${this.prefix}-${service}`;
  }

  private create(space: string): void {
    must('ip', ['netns', 'add', space]);
    this.spaces.push(space);
    must('ip', ['-n', space, 'link', 'set', 'lo', 'up']);
  }

  private ip(...args: readonly string[]): void {
    must('ip', ['-n', this.machine, ...args]);
  }
}
