/**
 * The command `doctor`: checks this machine and this configuration, says what is wrong and how to fix it. Takes the
 * settings of `serve`. Starts nothing, leaves nothing behind, and runs even where parts are missing.
 */
import type { GatewayError } from '../base/errors.ts';
import { type Environment, inspect } from './configuration.ts';
import * as checks from './doctor-checks.ts';
import * as security from './doctor-security.ts';
import * as sinks from './doctor-sinks.ts';
import type { CliIo } from './io.ts';
import { doctorUsage } from './usage.ts';

function settings(error: GatewayError | null): checks.Finding {
  if (error === null) return { name: 'settings', verdict: 'ok', detail: 'all valid' };
  return { name: 'settings', verdict: 'wrong', detail: error.message, remedy: 'see --help' };
}

const marks = { ok: 'ok   ', note: 'note ', wrong: 'FAIL ' } as const;

/** Returns the exit code. */
export async function doctor(argv: readonly string[], environment: Environment, io: CliIo): Promise<number> {
  if (argv.includes('--help')) {
    io.stdout(doctorUsage);
    return 0;
  }
  // What is wrong stands at its default: the other checks are worth making all the same.
  const { config, error } = inspect(argv, environment);
  const findings = [
    settings(error),
    checks.nodeVersion(process.versions),
    await checks.uWebSockets(),
    checks.simdjson(config),
    checks.openFiles(config, checks.readText('/proc/self/limits')),
    checks.sharedMemory(config, checks.memoryLimitBytes()),
    checks.cores(config),
    ...(await checks.ports(config)),
    ...security.receiveBuffer(checks.readText('/proc/sys/net/ipv4/tcp_rmem')),
    ...security.certificate(config, Date.now()),
    ...(await security.keys(config)),
    ...(await Promise.all(config.sink.map(sinks.sink))),
  ];
  for (const { name, verdict, detail, remedy } of findings) {
    io.stdout(`${marks[verdict]}  ${name}: ${detail}\n`);
    if (remedy !== undefined) io.stdout(`       ${remedy}\n`);
  }
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong').length;
  io.stdout(wrong === 0 ? 'Ready to serve.\n' : `${wrong} of ${findings.length} checks found something wrong.\n`);
  return wrong === 0 ? 0 : 1;
}
