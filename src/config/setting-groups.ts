/**
 * The settings of `serve` in the groups and the order of docs/settings.md, as the help shows them. Any thread. Invariant: every setting
 * is in exactly one group.
 */
import { assertInvariant } from '../base/errors.ts';
import { serveSettings } from './serve-settings.ts';
import { describeSettings, type Settings } from './setting.ts';

type Key = keyof typeof serveSettings;

export const serveGroups: Readonly<Record<string, readonly Key[]>> = {
  Addresses: ['host', 'port', 'path', 'adminHost', 'adminPort', 'tlsCert', 'tlsKey'],
  'Who may connect': [
    'auth',
    'authToken',
    'jwtAudience',
    'jwtIssuer',
    'jwksUrl',
    'jwtMode',
    'allowAnonymous',
    'allowCidr',
    'trustProxy',
    'proxyCidr',
    'adminToken',
  ],
  'The console': ['console', 'consoleAudio'],
  'Whose call it is': ['labelQuery', 'labelPath'],
  Work: ['processes', 'sharePort', 'workers', 'decoder', 'flushIntervalMs'],
  'Sockets that come twice': ['duplicate', 'resumeGraceMs'],
  Stalls: ['stallAfterMs'],
  'Memory and limits': [
    'ringSeconds',
    'ringMemoryMb',
    'maxStreams',
    'maxParticipants',
    'maxMessageBytes',
    'maxMessagesPerSecond',
    'maxUpgradesPerSecond',
    'maxUpgradesPerAddress',
  ],
  Time: ['metadataTimeoutMs', 'idleTimeoutMs', 'drainTimeoutMs', 'threadTimeoutMs'],
  'Audio into the call': ['playback', 'playbackLeadMs', 'playbackSeconds', 'playbackMemoryMb', 'playbackMarks'],
  Output: ['sink', 'onRecording', 'capture', 'fileAccess', 'logLevel', 'logFormat'],
};

const grouped = Object.values(serveGroups).flat();
assertInvariant(
  grouped.length === Object.keys(serveSettings).length && new Set(grouped).size === grouped.length,
  'every setting of serve is in one group of the help',
);

/** One line for each, under the heading of its group. */
export function describeServeSettings(): string {
  return Object.entries(serveGroups)
    .map(([title, keys]) => {
      const settings: Settings = Object.fromEntries(keys.map((key) => [key, serveSettings[key]]));
      return `${title}:\n${describeSettings(settings, 34)}`;
    })
    .join('\n\n');
}
