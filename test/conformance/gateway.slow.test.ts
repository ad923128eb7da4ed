/** Our own gateway passes every scenario, without and with a token, and counts every message of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { CheckReport } from '../../src/conformance/report.ts';
import { checkServer } from '../../src/conformance/runner.ts';
import { scenarios as all, speechScenarios } from '../../src/conformance/scenarios/all.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { unlessStarved } from '../support/starvation.ts';

/** The gateway says nothing by itself: what speaks on it is judged in speech.slow.test.ts. */
const scenarios = all.filter((scenario) => !speechScenarios.includes(scenario));
/** This machine may be busy with other tests: that is not what is tested here. */
const timing = { patienceMs: 8000, watchMs: 60, lateMs: 8000 };
const secret = 'SECRET-0123456789';

/** Runs a gateway with these flags for as long as `use` needs it. */
async function withGateway(flags: readonly string[], use: (gateway: GatewayProcess) => Promise<void>): Promise<void> {
  const gateway = await GatewayProcess.start(...flags);
  try {
    await use(gateway);
  } finally {
    await gateway.kill();
  }
}

function named(pattern: RegExp) {
  return scenarios.filter(({ name }) => pattern.test(name));
}

function others(report: CheckReport) {
  return report.scenarios
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ name, verdict, findings }) => ({ name, verdict, findings }));
}

/** The kit floods as well; from then on its address may open a twentieth as many streams a second, and many come at once. */
const manyUpgrades = ['--max-upgrades-per-address', '20000'];

describe.concurrent('the gateway', () => {
  test('passes every scenario; that it lets everyone in is a warning', ({ expect }) =>
    unlessStarved(() =>
      withGateway(manyUpgrades, async (gateway) => {
        const report = await checkServer({ url: gateway.url, scenarios, timing });
        expect(
          others(report).map(({ name, verdict }) => [name, verdict]),
          JSON.stringify(others(report)),
        ).toEqual([
          ['no-token', 'warn'],
          ['bad-token', 'not applicable'],
        ]);
        expect(report.ok).toBe(true);
        // Every message of it is accounted for.
        const { code, last } = await gateway.drain();
        expect([code, last.msg]).toEqual([0, 'drained']);
      }),
    ));

  test('with a token in the header passes every scenario without a warning', ({ expect }) =>
    unlessStarved(() =>
      withGateway([...manyUpgrades, '--auth', 'token', '--auth-token', secret], async (gateway) => {
        const report = await checkServer({ url: gateway.url, token: secret, scenarios, timing });
        expect(others(report)).toEqual([]);
        expect([report.ok, report.counts.pass]).toEqual([true, scenarios.length]);
      }),
    ));

  test('with a token in the address passes those in which it is left out or wrong', ({ expect }) =>
    withGateway(['--auth', 'token', '--auth-token', secret], async (gateway) => {
      const url = `${gateway.url}?accesstoken=${secret}`;
      const report = await checkServer({ url, scenarios: named(/token|clean|path/), timing });
      expect(others(report)).toEqual([]);
      expect(report.ok).toBe(true);
    }));

  test('with a certificate that no authority signed is checked with --insecure only', async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), 'check-tls-'));
    const { key, cert } = selfSignedCertificate();
    writeFileSync(join(folder, 'key.pem'), key);
    writeFileSync(join(folder, 'cert.pem'), cert);
    const flags = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
    await withGateway(flags, async (gateway) => {
      const url = gateway.url.replace('ws:', 'wss:');
      const selected = named(/handshake|clean|break-off|segments|close-1000|half-open|final/);
      const refused = await checkServer({ url, scenarios: selected, timing });
      expect(refused.unreachable).toMatch(/certificate that cannot be verified .*--insecure/);
      const report = await checkServer({ url, insecure: true, scenarios: selected, timing });
      expect(others(report)).toEqual([]);
    });
    rmSync(folder, { recursive: true });
  });

  test('that only logs what is wrong with a token lets everyone in, and fails', ({ expect }) => {
    const jwt = ['--auth', 'jwt', '--jwt-audience', 'x', '--jwt-mode', 'log', '--jwks-url', 'https://127.0.0.1:9/'];
    return withGateway(jwt, async (gateway) => {
      const report = await checkServer({ url: gateway.url, token: 'a.b.c', scenarios: named(/-token$/), timing });
      expect(report.scenarios.map(({ verdict }) => verdict)).toEqual(['fail', 'fail']);
    });
  });

  test.for([
    [['--max-message-bytes', '65536'], 'big-packet', 'fail', /64 KiB of PCM: closed it with 1009/],
    [['--max-streams', '20'], 'many-at-once', 'warn', /of 50 calls: the server answered with 503/],
    [['--duplicate', 'reject'], 'reconnect', 'warn', /was not let in: the server answered with 409/],
    [['--metadata-timeout-ms', '250'], 'slow-start', 'warn', /without a message the server closed it with 1008/],
  ] as const)('with %j: %s is a %s', ([flags, name, verdict, seen], { expect }) =>
    withGateway(flags, async (gateway) => {
      const selected = scenarios.filter((scenario) => scenario.name === name);
      const [result] = (await checkServer({ url: gateway.url, scenarios: selected, timing })).scenarios;
      expect(result!.verdict, JSON.stringify(result)).toBe(verdict);
      expect(result!.findings[0]!.seen).toMatch(seen);
    }),
  );
});
