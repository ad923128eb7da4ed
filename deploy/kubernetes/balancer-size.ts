/**
 * How many HAProxies a fleet needs, how large each must be, and what TLS in the gateway costs instead: computed from what
 * docs/scaling.md measured. The manifests and docs/kubernetes.md have these figures; a test compares them. Pure.
 */

/** 20 ms each. */
const framesPerSecond = 50;

/** CPU of one frame, in µs. */
export const frameCostMicros = Object.freeze({
  /** Of HAProxy, with two gateways behind it. */
  balancerInTheClear: 8.9,
  balancerWithTls: 11.7,
});

/** Memory of HAProxy for a stream with TLS. */
const streamKib = 31;
/** File descriptors and the kernel's ports allow no more in one process. */
export const balancerStreamsMax = 9000;
/** Of a full fleet, so that the others can take the streams of a balancer, or of one of three zones, that is lost. */
export const plannedShare = 0.6;
/** Handshakes, checks and scrapes, beyond what full streams cost. */
const spareCores = 0.25;
/** A zone may be lost, and one balancer be drained. */
const balancersMin = 3;

export interface BalancerSize {
  /** BALANCER_STREAMS: one more is refused. */
  readonly streams: number;
  /** What the autoscaler aims at. */
  readonly plannedStreams: number;
  /** At `streams`. */
  readonly fullCores: number;
  /** `resources.requests.cpu`. */
  readonly requestCores: number;
  /** `averageUtilization`: of the request, at `plannedStreams`. */
  readonly utilizationPercent: number;
  /** At `streams`, twice: after a reload the old worker keeps its own. */
  readonly memoryMib: number;
}

/** What so many mixed streams cost, in cores. An unmixed call counts once for each dominant speaker. */
export function coresOf(streams: number, micros: number): number {
  return (streams * framesPerSecond * micros) / 1e6;
}

export function balancerSize(streams: number): BalancerSize {
  if (streams > balancerStreamsMax) throw new RangeError(`one HAProxy carries ${balancerStreamsMax} streams`);
  const plannedStreams = Math.floor(streams * plannedShare);
  const fullCores = coresOf(streams, frameCostMicros.balancerWithTls);
  const requestCores = Math.ceil(fullCores + spareCores);
  const plannedCores = coresOf(plannedStreams, frameCostMicros.balancerWithTls);
  return {
    streams,
    plannedStreams,
    fullCores,
    requestCores,
    utilizationPercent: Math.floor((100 * plannedCores) / requestCores),
    memoryMib: Math.ceil((2 * streams * streamKib) / 1024),
  };
}

/** How many balancers of this size carry so many streams, and still do when one of them, or one of three zones, is lost. */
export function balancersFor(streams: number, { plannedStreams }: BalancerSize): number {
  return Math.max(balancersMin, Math.ceil(streams / plannedStreams));
}
