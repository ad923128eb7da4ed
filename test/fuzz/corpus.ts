/**
 * Cases that once went wrong, or came close: replayed by the tests for ever. A file each, in `corpus/`, with the bytes in
 * hexadecimal, as the long-running commands write them.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Case } from './case.ts';
import type { HttpCase } from './http-cases.ts';

const folder = new URL('./corpus/', import.meta.url);

type Kind = 'websocket' | 'http' | 'decoder';

interface StoredConnection {
  readonly name: string;
  /** Why it is here. */
  readonly why: string;
  readonly writes: readonly string[];
  readonly gapMs?: number;
  readonly isReset?: boolean;
}

interface StoredRequest {
  readonly name: string;
  readonly why: string;
  readonly port: 'ingest' | 'admin';
  readonly writes: readonly string[];
  readonly gapMs?: number;
}

export interface StoredMessage {
  readonly name: string;
  readonly why: string;
  readonly context: string;
  readonly message: string;
}

function read<T>(kind: Kind): T[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T);
}

function write(kind: Kind, stored: { readonly name: string }): string {
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${kind}-${stored.name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.json`, folder);
  writeFileSync(file, `${JSON.stringify(stored, null, 2)}\n`);
  return file.pathname;
}

function bytesOf(writes: readonly string[]): Buffer[] {
  return writes.map((hex) => Buffer.from(hex, 'hex'));
}

function hexOf(writes: readonly Uint8Array[]): string[] {
  return writes.map((bytes) => Buffer.from(bytes).toString('hex'));
}

export function storedCases(): Case[] {
  return read<StoredConnection>('websocket').map(({ writes, why: _why, ...rest }) => ({
    ...rest,
    writes: bytesOf(writes),
  }));
}

export function storedHttpCases(): HttpCase[] {
  return read<StoredRequest>('http').map(({ writes, why: _why, ...rest }) => ({ ...rest, writes: bytesOf(writes) }));
}

export function storedMessages(): StoredMessage[] {
  return read<StoredMessage>('decoder');
}

/** These return the file. */
export function storeCase({ name, writes, gapMs, isReset }: Case, why: string): string {
  const stored: StoredConnection = {
    name,
    why,
    writes: hexOf(writes),
    ...(gapMs === undefined ? {} : { gapMs }),
    ...(isReset === true ? { isReset } : {}),
  };
  return write('websocket', stored);
}

export function storeHttpCase({ name, port, writes, gapMs }: HttpCase, why: string): string {
  const stored: StoredRequest = { name, why, port, writes: hexOf(writes), ...(gapMs === undefined ? {} : { gapMs }) };
  return write('http', stored);
}

export function storeMessage(stored: StoredMessage): string {
  return write('decoder', stored);
}
