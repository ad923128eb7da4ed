/** What both balancers must do, with their configurations of deploy/, in front of two real gateways. */
import { afterAll, expect, onTestFinished, type TestAPI } from 'vitest';
import { upgradeRequest } from '../fuzz/raw-peer.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import type { StartBalancer } from './balancer.ts';
import { type Dialled, dial, dialUntilLetIn, firstLine, hangUp, proxyHeader } from './client.ts';
import { endSharedGateways, Fleet, type FleetOptions } from './fleet.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function unevenness(spread: readonly number[]): number {
  return Math.max(...spread) - Math.min(...spread);
}

/** `given`: skips where there is no such balancer. Who is refused by a gateway that had no time for it is no fault of a balancer. */
export function balancerScenarios(given: TestAPI, start: StartBalancer): void {
  const test = (what: string, body: () => Promise<void>) => given(what, judgingTimes(body));
  const fleetOf = (options?: FleetOptions) => Fleet.start(start, options);
  afterAll(endSharedGateways);

  test('streams are spread by how many there are, not by how many arrived, and recorded bit for bit', async () => {
    const fleet = await fleetOf();
    const run = fleet.play('--calls', '40', '--duration', '3s', '--loss', '0.02', '--reorder', '0.02');
    expect(unevenness(await fleet.spread(40))).toBeLessThanOrEqual(2);
    expect(await run.report).toMatchObject({ ok: true, calls: { completed: 40 }, closes: { 1000: 40 } });

    // All that one gateway has hang up: newcomers go there until it has as many again.
    const callers: Dialled[] = [];
    for (let call = 0; call < 12; call++) {
      callers.push(await dial(fleet.url(), { headers: { 'x-ms-call-connection-id': `call ${call}` } }));
      callers.at(-1)!.socket.send(metadata(`subscription ${call}`));
    }
    expect(await fleet.spread(12)).toEqual([6, 6]);
    const there = new Set((await fleet.gateways[1]!.streams()).map(({ callConnectionId }) => callConnectionId));
    for (const [call, caller] of callers.entries()) if (there.has(`call ${call}`)) await hangUp(caller);
    expect(await fleet.spread(6)).toEqual([6, 0]);
    for (let call = 0; call < 6; call++) await dial(fleet.url());
    expect(await fleet.spread(12)).toEqual([6, 6]);
    for (const gateway of fleet.gateways) gateway.signal('SIGTERM');
    for (const { socket } of callers) socket.close(1000);
  });

  test('SIGTERM of one gateway under 200 streams while new ones arrive: none cut, no frame lost, nobody refused', async () => {
    const fleet = await fleetOf();
    const running = fleet.play('--calls', '200', '--duration', `${Math.round(5000 * fleet.slowness)}ms`);
    expect(unevenness(await fleet.spread(200))).toBeLessThanOrEqual(2);
    const [draining, other] = fleet.gateways as [Fleet['gateways'][0], Fleet['gateways'][0]];
    const before = (await other.metrics()).get('upgrades_total{result="accepted"}')!;
    // 25 newcomers a second, from before the signal until long after the balancer has noticed.
    const arriving = fleet.play('--calls', '75', '--ramp', '3s', '--duration', '1s');
    await eventually(async () => (await other.metrics()).get('upgrades_total{result="accepted"}')! > before);
    const { code, last } = await draining.drain();

    expect(await running.report).toMatchObject({ ok: true, calls: { completed: 200 }, closes: { 1000: 200 } });
    expect(await arriving.report).toMatchObject({ ok: true, calls: { completed: 75, refused: 0, failed: 0 } });
    expect(code).toBe(0);
    expect(last).toMatchObject({ msg: 'drained', streamsCut: 0, dropped: 0, unaccounted: 0 });
    expect(await fleet.differences()).toEqual([]);
  });

  test('a rolling restart of both gateways: none cut, no frame lost, nobody refused', async () => {
    const begunMs = performance.now();
    const fleet = await fleetOf();
    // As long as it takes here to end and start both.
    const seconds = Math.max(11, Math.round(8 + (3 * (performance.now() - begunMs)) / 1000));
    // 20 calls at a time that last two seconds each: ten newcomers a second all the way.
    const run = fleet.play('--calls', '20', '--churn', '10', '--duration', `${seconds}s`);
    let isOver = false;
    void run.report.finally(() => {
      isOver = true;
    });
    await fleet.spread(20);
    for (const [index, gateway] of fleet.gateways.entries()) {
      expect((await gateway.drain()).last).toMatchObject({ msg: 'drained', streamsCut: 0, unaccounted: 0 });
      await fleet.startAgain(index);
      // The balancer knows it again.
      await eventually(async () => {
        expect(isOver).toBe(false);
        return (await fleet.streams())[index]! > 0;
      });
    }
    const report = await run.report;
    expect(report).toMatchObject({ ok: true, calls: { refused: 0, failed: 0, ended_early: 0 } });
    expect(report.calls.completed).toBeGreaterThan(100);
    expect(await fleet.differences()).toEqual([]);
  });

  test('a reload of the balancer: streams continue in the old worker, which ends with the last one; nobody is refused', async () => {
    const fleet = await fleetOf();
    const { process: balancer } = fleet.balancer;
    const running = fleet.play('--calls', '20', '--duration', '4s');
    await fleet.spread(20);
    const old = balancer.workers();
    const arriving = fleet.play('--calls', '60', '--ramp', '2500ms', '--duration', '1s');
    await wait(700);
    await fleet.balancer.reload();
    expect(balancer.workers()).toEqual(expect.arrayContaining(old.slice(0, 1)));

    expect(await running.report).toMatchObject({ ok: true, calls: { completed: 20 } });
    expect(await arriving.report).toMatchObject({ ok: true, calls: { completed: 60, refused: 0, failed: 0 } });
    await eventually(() => !balancer.workers().some((pid) => old.includes(pid)));
    expect(balancer.workers().length).toBe(old.length);
    expect(await fleet.differences()).toEqual([]);
  });

  test('streams do not outlive a reload for ever', async () => {
    const fleet = await fleetOf({ areShared: true, hardStopSeconds: 1 });
    const caller = await dialUntilLetIn(fleet.url());
    await fleet.balancer.reload();
    const reloaded = performance.now();
    expect(await caller.closed).toBe(1006);
    expect(performance.now() - reloaded).toBeGreaterThan(500);
    await dialUntilLetIn(fleet.url());
  });

  test('a gateway that is killed ends its own streams only; those who dial again are taken by the other one', async () => {
    const fleet = await fleetOf();
    const [victim, other] = fleet.gateways as [Fleet['gateways'][0], Fleet['gateways'][0]];
    const run = fleet.play('--calls', '40', '--duration', '3s');
    const [mine, theirs] = (await fleet.spread(40)) as [number, number];
    await victim.kill();
    const again = fleet.play('--calls', String(mine), '--ramp', '1s', '--duration', '1s');

    expect(await again.report).toMatchObject({ ok: true, calls: { completed: mine, refused: 0, failed: 0 } });
    const report = await run.report;
    expect(report).toMatchObject({
      ok: false,
      calls: { completed: theirs, ended_early: mine },
      closes: { 1006: mine },
    });
    const { last } = await other.drain();
    // The survivor got everything: its own streams to their end, and those who dialled again.
    const frames = theirs * 150 + mine * 50;
    expect(last).toMatchObject({ msg: 'drained', committed: frames, control: theirs + mine, unaccounted: 0 });
    const lost = (await fleet.differences()).filter((line) => !line.endsWith('never sent'));
    expect(lost.length).toBe(mine);
  });

  test('the gateway learns the address of the client, and neither X-Forwarded-For nor a PROXY header from outside counts', async () => {
    const fleet = await fleetOf({ flags: ['--allow-cidr', '127.0.0.7/32'] });
    const forged = { 'X-Forwarded-For': '127.0.0.7', 'X-Real-IP': '127.0.0.7', Forwarded: 'for=127.0.0.7' };
    const known = await dial(fleet.url(), { from: '127.0.0.7', headers: { 'X-Forwarded-For': '9.9.9.9' } });
    expect(known.status).toBe(101);
    const reports = (await Promise.all(fleet.gateways.map((gateway) => gateway.streams()))).flat();
    expect(reports.map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.7']);

    expect((await dial(fleet.url(), { from: '127.0.0.8' })).status).toBe(403);
    expect((await dial(fleet.url(), { from: '127.0.0.8', headers: forged })).status).toBe(403);
    // From the balancer's own address, which is believed: there the gateway looks into X-Forwarded-For.
    expect((await dial(fleet.url(), { from: '127.0.0.1', headers: forged })).status).toBe(403);

    const request = Buffer.concat([proxyHeader('127.0.0.7'), Buffer.from(upgradeRequest())]);
    const { port } = fleet.balancer;
    expect(await firstLine(port, request, { tls: true, from: '127.0.0.8' })).not.toContain('101');
    expect(await firstLine(port, request, { from: '127.0.0.8' })).not.toContain('101');
    // The header is well formed: a gateway believes it, if it comes from a proxy; and not from anybody else.
    const [gateway] = fleet.gateways;
    expect(await firstLine(gateway!.port, request, { from: '127.0.0.1' })).toBe('HTTP/1.1 101 Switching Protocols');
    expect(await firstLine(gateway!.port, request, { from: '127.0.0.8' })).toBe('HTTP/1.1 403 Forbidden');
  });

  test('a silent stream is cut by the balancer with 1006; the gateway, if it is quicker, closes with 1008', async () => {
    const cut = await fleetOf({ areShared: true, silenceSeconds: 2 });
    const silent = await dial(cut.url());
    const talking = await dial(cut.url());
    let frame = 0;
    const timer = setInterval(() => talking.socket.send(audio(frame++)), 200);
    onTestFinished(() => clearInterval(timer));
    const since = performance.now();
    const closed = await fleetOf({ silenceSeconds: 4, flags: ['--idle-timeout-ms', '1000'] });
    const idle = await dial(closed.url());
    expect(await silent.closed).toBe(1006);
    expect(performance.now() - since).toBeGreaterThan(1900);
    expect(await idle.closed).toBe(1008);
    await wait(500);
    expect(await hangUp(talking)).toBe(1000);
  });

  test('no token is in any log, whatever becomes of the request, and the call is', async () => {
    const fleet = await fleetOf({ silenceSeconds: 1 });
    const { process: balancer } = fleet.balancer;
    const headers = { 'x-ms-call-connection-id': 'the-call', authorization: 'Bearer S3CRET' };
    const addresses = ['/audio?accesstoken=S3CRET', '/audio/S3CRET', '/S3CRET', '/audio/%53CRET?token=S3CRET'];
    for (const address of addresses.slice(0, 2)) {
      expect(await hangUp(await dial(fleet.url(address), { headers }))).toBe(1000);
      expect(await (await dial(fleet.url(address), { headers })).closed).toBe(1006);
    }
    expect((await dial(fleet.url('/S3CRET'))).status).toBe(404);
    await Promise.all(fleet.gateways.map((gateway) => gateway.kill()));
    for (const address of addresses) {
      expect((await dial(fleet.url(address), { headers })).status).toBeGreaterThanOrEqual(400);
    }
    await firstLine(fleet.balancer.port, Buffer.from('GET /audio?accesstoken=S3CRET HTTP/9.9\r\n\r\n'), { tls: true });
    await eventually(() => balancer.records().filter(({ call }) => call === 'the-call').length >= 7);
    await eventually(() => balancer.records().length >= 9);
    expect(balancer.logs()).not.toMatch(/S3CRET|%53CRET/);
  });

  test('nothing but upgrades of the path of streams is passed on, and nothing without TLS', async () => {
    const fleet = await fleetOf({ areShared: true });
    const { port } = fleet.balancer;
    const strangers = async () => {
      const all = await Promise.all(fleet.gateways.map((gateway) => gateway.metrics()));
      return all.reduce((sum, metrics) => sum + metrics.get('upgrades_total{result="not_found"}')!, 0);
    };
    const before = await strangers();
    const status = async (request: string, tls = true) => firstLine(port, Buffer.from(request), { tls });
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/streams', '/audiox', '/AUDIO']) {
      expect(await status(upgradeRequest(path)), path).toMatch(/^HTTP\/1.1 404 /);
    }
    for (const path of ['/audio/../readyz', '/audio/..%2freadyz', '//readyz', '/audio/%2e%2e/readyz']) {
      expect(await status(upgradeRequest(path)), path).toMatch(/^HTTP\/1.1 40[04] |HTTP\/1.1 101 /);
    }
    expect(await status('GET /audio HTTP/1.1\r\nHost: gateway\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await status(upgradeRequest('/audio'))).toMatch(/^HTTP\/1.1 101 /);
    expect(await status(upgradeRequest('/audio/call'))).toMatch(/^HTTP\/1.1 101 /);
    expect(await status(upgradeRequest('/audio'), false)).not.toContain('101');
    // None of those that were refused has reached a gateway.
    expect(await strangers()).toBe(before);
  });

  test('one stream too many is refused, until another one ends', async () => {
    const fleet = await fleetOf({ areShared: true, streams: 3 });
    const callers = [await dial(fleet.url()), await dial(fleet.url()), await dial(fleet.url())];
    expect(callers.map(({ status }) => status)).toEqual([101, 101, 101]);
    expect((await dial(fleet.url())).status).toBe(503);
    await hangUp(callers[0]!);
    await eventually(async () => (await dial(fleet.url())).status === 101);
  });

  test('one address cannot open streams without end', async () => {
    const fleet = await fleetOf({ areShared: true, handshakes: 10 });
    const answers: number[] = [];
    for (let call = 0; call < 20; call++) answers.push((await dial(fleet.url(), { from: '127.0.0.9' })).status);
    expect(answers.filter((status) => status === 101).length).toBeGreaterThanOrEqual(10);
    expect(answers.filter((status) => status === 101).length).toBeLessThanOrEqual(12);
    expect((await dial(fleet.url(), { from: '127.0.0.10' })).status).toBe(101);
  });
}
