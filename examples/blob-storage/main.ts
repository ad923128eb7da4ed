#!/usr/bin/env node
/**
 * Copies a finished call to Azure Blob Storage: a program for `--on-recording`, which gives it the call's description on standard
 * input. Every file becomes a blob of the same name in a folder of the call; one that is there already is never overwritten.
 *
 *   export AZURE_STORAGE_CONNECTION_STRING='…'
 *   acs-audio-gateway --sink 'wav:./recordings?call=stereo' --on-recording ./examples/blob-storage/main.ts
 */
import { basename, dirname, extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BlobServiceClient, type ContainerClient, RestError } from '@azure/storage-blob';

/** What of the description is needed. */
interface RecordedCall {
  readonly streamId: string;
  readonly folder: string;
  readonly complete: boolean;
  readonly files: readonly { readonly path: string }[];
}

const contentTypes: Readonly<Record<string, string>> = {
  '.wav': 'audio/wav',
  '.json': 'application/json',
  '.pcm': 'application/octet-stream',
};

/** Each recording, and the note beside it. */
function filesOf({ files }: RecordedCall): string[] {
  return files.flatMap(({ path }) => [path, join(dirname(path), `${basename(path, extname(path))}.json`)]);
}

/** Returns whether it was not there yet. */
async function upload(container: ContainerClient, path: string, call: RecordedCall): Promise<boolean> {
  const blob = container.getBlockBlobClient(`${basename(call.folder)}/${basename(path)}`);
  try {
    await blob.uploadFile(path, {
      conditions: { ifNoneMatch: '*' },
      blobHTTPHeaders: { blobContentType: contentTypes[extname(path)] ?? 'application/octet-stream' },
      metadata: { streamid: call.streamId, complete: String(call.complete) },
      concurrency: 2,
    });
    return true;
  } catch (error) {
    if (error instanceof RestError && error.code === 'BlobAlreadyExists') return false;
    throw error;
  }
}

const connectionString = process.env['AZURE_STORAGE_CONNECTION_STRING'] ?? '';
const containerName = process.env['RECORDINGS_CONTAINER'] ?? 'recordings';
if (connectionString === '') throw new Error('AZURE_STORAGE_CONNECTION_STRING is not set');
const call = JSON.parse(await text(process.stdin)) as RecordedCall;
const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(containerName);
await container.createIfNotExists();
let uploaded = 0;
for (const path of filesOf(call)) if (await upload(container, path, call)) uploaded++;
console.log(`${call.folder}: ${uploaded} files copied`);
