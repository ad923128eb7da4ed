/** The checks of `doctor` that look at where audio goes: folders, NATS servers. */
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { redactPath } from '../base/errors.ts';
import type { NatsSinkSpec } from '../config/nats-spec.ts';
import { type FileSinkSpec, parseSink, shownSink } from '../config/sink-spec.ts';
import type { Finding } from './doctor-checks.ts';

function folder(name: string, spec: FileSinkSpec): Finding {
  let path = resolve(spec.folder);
  while (!existsSync(path) && path !== dirname(path)) path = dirname(path);
  try {
    // Permissions do not say it all: a read-only disk, /proc, a server that allows nothing.
    rmdirSync(mkdtempSync(join(path, '.doctor-')));
    return { name, verdict: 'ok', detail: `${path} can be written` };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, verdict: 'wrong', detail, remedy: 'choose another folder, or change its permissions' };
  }
}

async function server(name: string, spec: NatsSinkSpec): Promise<Finding> {
  const { NatsLink } = await import('../sink/nats/nats-link.ts');
  let failure: unknown = null;
  const link = new NatsLink(spec, {
    onError: (error) => {
      failure = error;
    },
    onRefused: () => {},
  });
  try {
    await link.start();
  } catch (error) {
    failure = error;
  }
  await link.close();
  if (failure === null) return { name, verdict: 'ok', detail: 'the server takes the connection' };
  const remedy =
    'is a nats-server running there, and are the credentials right? The gateway starts without a server, and tries again';
  return { name, verdict: 'wrong', detail: redactPath(failure), remedy };
}

function moduleFile(name: string, file: string): Finding {
  if (existsSync(file)) return { name, verdict: 'ok', detail: `${resolve(file)} is there` };
  return {
    name,
    verdict: 'wrong',
    detail: `${resolve(file)} is not there`,
    remedy: 'the path counts from the current folder',
  };
}

export async function sink(text: string): Promise<Finding> {
  const name = `--sink ${shownSink(text)}`;
  const spec = parseSink(text);
  if ('problem' in spec) return { name, verdict: 'wrong', detail: spec.problem };
  if (spec.kind === 'nats') return server(name, spec);
  if (spec.kind === 'module') return moduleFile(name, spec.file);
  return folder(name, spec);
}
