/** What a container does from its start to its end: start-up, health, signals, recordings, memory. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Container, type ContainerEngine, command } from './engine.ts';
import { memoryOf, metric, oneShot, port, Simulator, startGateway, streamsConnected } from './gateway.ts';
import { gatewayImage } from './images.ts';
import { mebibytes, type Results } from './results.ts';

const small = { ACS_GATEWAY_RING_MEMORY_MB: '64' };

export async function checkStart(engine: ContainerEngine, results: Results): Promise<void> {
  results.section('Start, health, rights');
  const times: { readonly fromRun: number; readonly fromStart: number }[] = [];
  let gateway: Container | null = null;
  for (let run = 0; run < 3; run += 1) {
    await gateway?.stop(10);
    const before = Date.now();
    gateway = startGateway(engine, { settings: small, flags: ['--memory', '256m'] });
    const { time } = await gateway.logged('listening');
    const listening = Date.parse(time as string);
    const started = Date.parse(gateway.inspect<string>('.State.StartedAt'));
    times.push({ fromRun: listening - before, fromStart: listening - started });
  }
  if (gateway === null) return;
  const list = (key: 'fromRun' | 'fromStart') => times.map((each) => each[key]).join(', ');
  results.check(
    'listening, from the start of its process',
    times.every(({ fromStart }) => fromStart < 3000),
    `${list('fromStart')} ms`,
  );
  results.note('listening, from `podman run`', `${list('fromRun')} ms`);
  results.note('memory without a stream', `${mebibytes(memoryOf(gateway).now)} resident`);

  const status = gateway.exec(
    'sh',
    '-c',
    'id -u; cat /proc/1/comm; grep CapEff /proc/1/status; grep NoNewPrivs /proc/1/status',
  ).stdout;
  const [uid, one, effective, privileges] = status.split('\n');
  results.check('not root', uid === '10001', `uid ${uid}`);
  results.check('process 1 is node itself', one === 'node' || one === 'MainThread', one!);
  results.check(
    'no capability, no new privilege',
    /\s0+$/.test(effective!) && privileges!.endsWith('1'),
    effective!.replace('\t', ' '),
  );
  const write = gateway.exec('touch', '/app/x', '/tmp/x', '/recordings/x').stderr;
  const refused = write.match(/Read-only file system/g)?.length ?? 0;
  results.check('the root file system is read-only', refused === 3, `/app, /tmp, /recordings: ${refused} of 3`);

  const health = engine.healthCommand(gatewayImage);
  const code = (container: Container) => container.exec(...health).code;
  const running = code(gateway);
  results.check('the health check, while it runs', running === 0, `exit code ${running}`);
  gateway.signal('STOP');
  const stopped = code(gateway);
  gateway.signal('CONT');
  results.check('while it stands still', stopped !== 0, `exit code ${stopped}`);
  const alone = oneShot(engine, ['--entrypoint', health[0]!], health.slice(1)).code;
  results.check('without a gateway', alone !== 0, `exit code ${alone}`);
  await gateway.stop(10);
}

export async function checkDrain(engine: ContainerEngine, results: Results): Promise<void> {
  results.section('SIGTERM under 40 calls with two speakers each, recorded to a volume');
  const flags = ['--memory', '256m', '--volume', 'recorded:/recordings'];
  const gateway = startGateway(engine, { settings: { ...small, ACS_GATEWAY_SINK: 'wav:/recordings' }, flags });
  await gateway.logged('listening');
  const calls = ['--calls', '40', '--participants', '2', '--duration', '9s', '--loss', '0.01', '--save', '/recordings'];
  const simulator = new Simulator(engine, calls, ['--volume', 'expected:/recordings']);
  await streamsConnected(40);
  await sleep(2000);
  const stopping = gateway.stop(60);
  const { code: simulated, report } = await simulator.report();
  const code = await stopping;
  results.check('no call is cut', simulated === 0, `simulator's exit code ${simulated}, ${report.calls.dialled} calls`);
  results.check('the gateway has drained', code === 0, `exit code ${code}`);
  const last = gateway.log.at(-1)!;
  const isWhole = last['msg'] === 'drained' && last['committed'] === report.expected.messages.committed;
  results.check(
    'and its account is exact',
    isWhole,
    `${last['msg']}: committed ${last['committed']}, sent ${report.expected.messages.committed}`,
  );
  const [recorded, expected] = [engine.volume('recorded'), engine.volume('expected')];
  const files = command('find', [recorded, '-name', '*.wav']).stdout.trim().split('\n').length;
  const difference = command('diff', ['-rq', '--exclude=*.json', expected, recorded]).stdout.trim();
  results.check(
    'the recordings are what was sent',
    files === 80 && difference === '',
    difference || `${files} files, bit for bit`,
  );
  const owner = command('stat', ['--format', '%u:%g', recorded]).stdout.trim();
  results.check('a new volume belongs to the gateway', owner === '10001:10001', owner);

  const second = startGateway(engine, { settings: small });
  await second.logged('listening');
  const others = new Simulator(engine, ['--calls', '5', '--duration', '20s']);
  await streamsConnected(5);
  second.signal('TERM');
  await second.logged('draining');
  await sleep(500);
  const before = Date.now();
  second.signal('TERM');
  const forced = await second.exit();
  results.check(
    'a second SIGTERM ends it at once',
    forced === 1,
    `exit code ${forced} after ${Date.now() - before} ms`,
  );
  await others.stop();

  const blind = startGateway(engine, { settings: { ...small, ACS_GATEWAY_SINK: 'wav:/app/recordings' } });
  const refused = await blind.exit();
  const complaint = blind.lines.find((line) => line.includes('/app/recordings')) ?? 'says nothing';
  results.check(
    'recordings to where nothing can be written',
    refused !== 0,
    `exit code ${refused}: ${complaint.slice(19)}`,
  );
}

/** Processes that the kernel has killed since the machine started because a limit of memory was reached. */
function oomKills(): number {
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))![1]);
}

/** Rings of 10 s, so that 400 calls are enough to fill more than the container has. */
const long = { ACS_GATEWAY_RING_SECONDS: '10' };
const crowd = ['--calls', '400', '--rate', '24000', '--duration', '16s'];

export async function checkMemory(engine: ContainerEngine, results: Results): Promise<void> {
  results.section('400 calls of 24 kHz in 192 MiB, with 10 s of history: 0.5 MiB a call');
  const limit = ['--memory', '192m', '--memory-swap', '192m'];
  const fitting = startGateway(engine, { settings: { ...long, ...small }, flags: limit });
  await fitting.logged('listening');
  const simulator = new Simulator(engine, crowd);
  await sleep(14_000);
  const { most, group } = memoryOf(fitting);
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  const dropped = await metric('messages_dropped_total{reason="ring_memory"}');
  const taken = await metric('participants_active');
  await simulator.stop();
  const code = await fitting.stop(60);
  const isAlive = code === 0;
  results.check(
    'rings of 64 MiB: it lives',
    isAlive,
    `exit code ${code}; ${mebibytes(most)} resident, ${mebibytes(group)} with its cache`,
  );
  results.check(
    'and says that it is full',
    ready.status === 503,
    `/readyz ${ready.status}; ${taken} participants, ${dropped} messages dropped`,
  );

  const before = oomKills();
  const tooMany = startGateway(engine, { settings: long, flags: limit });
  await tooMany.logged('listening');
  const again = new Simulator(engine, crowd);
  const ended = await Promise.race([tooMany.exit(), sleep(20_000, 'still running')]);
  const isKilled = oomKills() > before;
  results.check(
    'rings of 1024 MiB: killed by the kernel',
    ended === 137 && isKilled,
    `exit code ${ended}, ${isKilled ? 'out of memory' : 'for another reason'}`,
  );
  await again.stop();
}
