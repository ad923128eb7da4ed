/**
 * The simulation: streams come, are placed, end; gateways start, drain, go. Everything that is random comes from one seed,
 * so the same settings give the same run. A stream never moves by itself: it ends, or it is cut and comes back.
 * Not modelled: how late a balancer sees `/readyz`, the time of a handshake, gateways that crash.
 */
import { type FleetCounts, noCounts } from './counts.ts';
import type { Durations } from './durations.ts';
import { Gateway, type Stream } from './gateway.ts';
import type { Placement } from './placement.ts';
import { Random } from './random.ts';
import { Timetable } from './timetable.ts';

export interface FleetSettings {
  readonly seed: number;
  readonly durations: Durations;
  readonly placement: Placement;
  /** Streams that a gateway takes before its readiness says `full`. */
  readonly capacity: number;
  /** From the order to start one to its readiness. */
  readonly startSeconds: number;
  /** `--drain-timeout-ms`. */
  readonly drainSeconds: number;
  /** New streams a second. As a function of time it needs its highest value. */
  readonly arrivals: number | { readonly rate: (seconds: number) => number; readonly most: number };
}

/** Whoever was cut or refused comes (again) within so long. What ACS itself does is not documented. */
const returnSeconds = 5;

export class Fleet {
  now = 0;
  /** All but those that are gone, in the order in which they were started. */
  gateways: Gateway[] = [];
  readonly random: Random;
  readonly counts: FleetCounts = noCounts();
  private readonly settings: FleetSettings;
  private readonly place: (open: readonly Gateway[]) => Gateway;
  private readonly ends = new Timetable<Stream>();
  private readonly plans = new Timetable<() => void>();
  /** Ready and not full. Made anew when somebody's state has changed. */
  private open: Gateway[] | null = null;
  /** Streams that wait for any gateway to become ready. */
  private readonly parked = new Set<Stream>();
  private nextArrival = Number.POSITIVE_INFINITY;
  private numbers = 0;
  private countedAt = 0;

  constructor(settings: FleetSettings) {
    this.settings = settings;
    this.random = new Random(settings.seed);
    this.place = settings.placement.create(this.random);
    this.planArrival();
  }

  /** Gateways that are ready at once, with streams as a fleet has them that has run for long. */
  populate(gatewayCount: number, streamCount: number): void {
    for (let i = 0; i < gatewayCount; i++) this.setReady(this.addGateway());
    for (let i = 0; i < streamCount; i++) this.admit(this.settings.durations.drawResidual(this.random));
  }

  get ready(): Gateway[] {
    return this.gateways.filter(({ state }) => state === 'ready');
  }

  /** On all gateways, draining ones as well. */
  get streamCount(): number {
    return this.gateways.reduce((sum, { streams }) => sum + streams.size, 0);
  }

  /** The busiest of those that are ready by their mean. 1 is even; NaN without streams. */
  get unevenness(): number {
    const sizes = this.ready.map(({ streams }) => streams.size);
    return (Math.max(...sizes) * sizes.length) / sizes.reduce((sum, size) => sum + size, 0);
  }

  at(seconds: number, plan: () => void): void {
    this.plans.add(seconds, plan);
  }

  every(seconds: number, plan: () => void): void {
    this.at(this.now + seconds, () => {
      plan();
      this.every(seconds, plan);
    });
  }

  start(): Gateway {
    const gateway = this.addGateway();
    this.at(this.now + this.settings.startSeconds, () => this.setReady(gateway));
    return gateway;
  }

  /** SIGTERM: nothing new; at the timeout whatever is left is cut. One that is not ready yet just ends. */
  drain(gateway: Gateway): void {
    if (gateway.state === 'draining' || gateway.state === 'gone') return;
    gateway.state = 'draining';
    this.open = null;
    if (gateway.streams.size === 0) this.end(gateway);
    else this.at(this.now + this.settings.drainSeconds, () => this.cutAll(gateway));
  }

  /** Runs until the time has come or the condition holds, which is looked at after every event of a gateway. */
  runUntil(seconds: number, isDone: () => boolean = () => false): void {
    while (!isDone()) {
      const next = Math.min(this.nextArrival, this.ends.nextAt, this.plans.nextAt);
      if (next > seconds) {
        this.now = seconds;
        break;
      }
      this.now = next;
      if (this.plans.nextAt === next) this.plans.take()();
      else if (this.ends.nextAt === next) this.endStream(this.ends.take());
      else this.arrive();
    }
    this.countGatewaySeconds();
  }

  private addGateway(): Gateway {
    this.countGatewaySeconds();
    const gateway = new Gateway(this.numbers++);
    this.gateways.push(gateway);
    this.counts.gatewaysMost = Math.max(this.counts.gatewaysMost, this.gateways.length);
    return gateway;
  }

  private setReady(gateway: Gateway): void {
    if (gateway.state !== 'starting') return;
    gateway.state = 'ready';
    this.open = null;
    const waiting = [...this.parked];
    this.parked.clear();
    for (const stream of waiting) this.returnSoon(stream);
    gateway.onReady();
  }

  private end(gateway: Gateway): void {
    this.countGatewaySeconds();
    gateway.state = 'gone';
    this.gateways.splice(this.gateways.indexOf(gateway), 1);
    gateway.onGone();
  }

  private cutAll(gateway: Gateway): void {
    if (gateway.state !== 'draining') return;
    const { counts } = this;
    for (const stream of gateway.streams) {
      stream.gateway = null;
      stream.waitsSince = this.now;
      if (stream.cuts++ === 0) counts.streamsCut++;
      counts.cuts++;
      counts.cutsOfOneMost = Math.max(counts.cutsOfOneMost, stream.cuts);
      this.returnSoon(stream);
    }
    gateway.streams.clear();
    this.end(gateway);
  }

  private planArrival(): void {
    const { arrivals } = this.settings;
    const most = typeof arrivals === 'number' ? arrivals : arrivals.most;
    if (most > 0) this.nextArrival = this.now + this.random.exponential(1 / most);
  }

  private arrive(): void {
    const { arrivals, durations } = this.settings;
    // Of the arrivals at the highest rate as many are taken as the rate of this moment wants.
    const isOne = typeof arrivals === 'number' || this.random.next() * arrivals.most < arrivals.rate(this.now);
    if (isOne) {
      this.counts.arrived++;
      this.admit(durations.draw(this.random));
    }
    this.planArrival();
  }

  private admit(seconds: number): void {
    const endsAt = this.now + seconds;
    const stream: Stream = {
      endsAt,
      gateway: null,
      cuts: 0,
      wasRefused: false,
      waitsSince: this.now,
      hasEnded: false,
    };
    this.ends.add(endsAt, stream);
    this.connect(stream);
  }

  private connect(stream: Stream): void {
    if (stream.hasEnded) return;
    this.open ??= this.ready.filter(({ streams }) => streams.size < this.settings.capacity);
    if (this.open.length === 0) {
      if (!stream.wasRefused) this.counts.refused++;
      stream.wasRefused = true;
      if (this.gateways.some(({ state }) => state === 'ready')) this.returnSoon(stream);
      else this.parked.add(stream);
      return;
    }
    const gateway = this.place(this.open);
    gateway.streams.add(stream);
    stream.gateway = gateway;
    this.countWait(stream);
    if (gateway.streams.size >= this.settings.capacity) this.open = null;
  }

  private returnSoon(stream: Stream): void {
    this.at(this.now + this.random.next() * returnSeconds, () => this.connect(stream));
  }

  private endStream(stream: Stream): void {
    stream.hasEnded = true;
    const { gateway } = stream;
    if (gateway === null) {
      this.parked.delete(stream);
      this.countWait(stream);
      return;
    }
    if (gateway.streams.size === this.settings.capacity) this.open = null;
    gateway.streams.delete(stream);
    if (gateway.state === 'draining' && gateway.streams.size === 0) this.end(gateway);
  }

  private countWait({ waitsSince }: Stream): void {
    this.counts.waitedMostSeconds = Math.max(this.counts.waitedMostSeconds, this.now - waitsSince);
  }

  private countGatewaySeconds(): void {
    this.counts.gatewaySeconds += (this.now - this.countedAt) * this.gateways.length;
    this.countedAt = this.now;
  }
}
