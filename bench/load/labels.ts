/** The names of rows: what a table shows, what a target looks for, and what a comparison of two results matches. */

export const rivalLabels = {
  bare: 'bare uWebSockets.js',
  json: 'uWebSockets.js + JSON.parse',
  sample: "ws + StreamingData.parse (Microsoft's sample)",
  task: 'one piscina task per message',
  taskTuned: 'one piscina task per message, many at a time',
  bareTls: 'bare uWebSockets.js with TLS',
  sampleTls: "ws on https + StreamingData.parse (Microsoft's sample)",
} as const;

export function gatewayLabel(decoder: string): string {
  return `gateway (${decoder})`;
}

export const unmeasuredLabel = 'gateway (scan), its measuring taken out';

/** How TLS comes to the gateway. */
export const chainLabels = {
  clear: 'gateway in the clear',
  direct: 'gateway with its own TLS',
  haproxy: 'HAProxy with TLS, gateway behind it',
  haproxySingle: 'HAProxy with TLS and one thread, gateway behind it',
  nginx: 'nginx with TLS, gateway behind it',
  nginxSingle: 'nginx with TLS and one worker, gateway behind it',
} as const;

export function groupName(framesPerSecond: number): string {
  return `${framesPerSecond.toLocaleString('en-US')} frames/s`;
}

export function rowName(group: string, label: string): string {
  return `${group} · ${label}`;
}
