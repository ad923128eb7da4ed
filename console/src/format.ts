/** Numbers, times and names as people read them. Pure. */
import { silentLevelDb } from '../../src/console/wire.ts';

const grouped = new Intl.NumberFormat('en-US');

export function count(value: number): string {
  return grouped.format(Math.round(value));
}

/** `1:02:03`, `2:03`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

export function ms(value: number | null): string {
  if (value === null) return '–';
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function kilohertz(rate: number | null): string {
  return rate === null ? '–' : `${rate / 1000} kHz`;
}

export function decibels(level: number): string {
  return level <= silentLevelDb ? 'silent' : `${Math.round(level)} dB`.replace('-', '−');
}

/** Frames are 20 ms. */
export function framesAsTime(frames: number): string {
  const seconds = frames / 50;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds * 1000);
}

/** The time of day of an ISO time. */
export function clock(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour12: false });
}

/** `lane_full`: `lane full`; `outOfOrderFrames`: `out of order frames`. */
export function words(name: string): string {
  return name
    .replaceAll('_', ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}
