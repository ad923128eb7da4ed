/**
 * Where the alerts stand, so that a panel shows the line that pages, in the colour of its severity. Invariant: each number is
 * one that the alert of that name and severity compares with; a test holds them against the rules of Prometheus.
 */
import type { Threshold } from '@grafana/grafana-foundation-sdk/dashboard';

export type Severity = 'warning' | 'critical';

/** An alert whose threshold is in no panel's unit has none here. */
export const thresholds = Object.freeze({
  AcsGatewayDown: {},
  AcsGatewayStopped: {},
  AcsGatewayMessagesDropped: { warning: 0, critical: 0.5 },
  AcsGatewayMessagesRefused: { warning: 0.5 },
  AcsGatewayFramesMissing: { warning: 0.01 },
  AcsGatewayJitterHigh: { warning: 0.03 },
  AcsGatewayResidenceHigh: { warning: 0.02 },
  AcsGatewaySinkLapped: { warning: 0, critical: 0.01 },
  AcsGatewaySinkErrors: { warning: 0, critical: 0.2 },
  AcsGatewayDiskLow: {},
  AcsGatewaySinkNotReady: {},
  AcsGatewayRecordingsFailed: {},
  AcsGatewayCaptureFailing: {},
  AcsGatewayThreadHung: {},
  AcsGatewayThreadRestarted: {},
  AcsGatewayRingMemoryHigh: { warning: 0.85 },
  AcsGatewayNearCapacity: { warning: 0.85 },
  AcsGatewayUpgradesRefused: {},
  AcsGatewayDegraded: {},
  AcsGatewayAuthFailures: {},
  AcsGatewayEventLoopDelayed: { warning: 0.02 },
  AcsGatewayWorkersSaturated: { warning: 0.8 },
  AcsGatewayDrainForced: {},
  AcsGatewayCertificateExpires: {},
  AcsGatewayNoAudio: { critical: 0.5 },
  AcsGatewayStreamsStalled: { warning: 0.25 },
  AcsGatewayAccountingBroken: { critical: 0 },
  AcsGatewayPlaybackUnderruns: { warning: 0.01 },
  AcsGatewayPlaybackClearSlow: { warning: 0.1 },
  AcsGatewayPlaybackStalled: { warning: 0.1 },
  AcsGatewayOpenFilesHigh: { warning: 0.8 },
} satisfies Record<string, Partial<Record<Severity, number>>>);

export type AlertName = keyof typeof thresholds;

/** What a panel shows of an alert. */
export interface Watch {
  /** The alert that watches this: its threshold, and a link to what to do about it. */
  readonly alert?: AlertName;
  /** Only the threshold of this severity, where the other is in another unit. */
  readonly only?: Severity | 'link';
}

const colors = { warning: 'orange', critical: 'red' };

/** Colours from the thresholds on. An alert fires above its threshold and a colour begins at it: 0 is good, more is not. */
export function steps(base: string, { alert, only }: Watch): Threshold[] {
  const levels: Partial<Record<Severity, number>> = alert === undefined ? {} : thresholds[alert];
  const found: Threshold[] = [{ value: null, color: base }];
  for (const severity of ['warning', 'critical'] as const) {
    const level = levels[severity];
    if (level === undefined || (only !== undefined && only !== severity)) continue;
    found.push({ value: level === 0 ? 1e-9 : level, color: colors[severity] });
  }
  return found;
}
