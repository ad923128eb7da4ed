/** The names of rows: what a table shows, and what a target looks for. */
import { rivalLabels, rowName } from '../load/labels.ts';
import type { Mode } from './server.ts';

export const groups: Readonly<Record<Mode, string>> = {
  hears: 'Hearing',
  'may speak': 'Hearing',
  speaks: 'Hearing and speaking',
};

export const gatewayLabel = 'gateway';
export const silentLabel = 'gateway that may speak and is silent';

/** By the key of a row. */
export const labels: Readonly<Record<string, string>> = {
  gateway: gatewayLabel,
  'gateway-silent': silentLabel,
  'gateway-both': gatewayLabel,
  bare: rivalLabels.bare,
  'bare-both': rivalLabels.bare,
  sample: rivalLabels.sample,
  'sample-both': rivalLabels.sample,
};

export function nameOf(mode: Mode, label: string): string {
  return rowName(groups[mode], label);
}
