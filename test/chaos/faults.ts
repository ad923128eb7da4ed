/** What goes wrong: each fault by itself, in the middle of running calls. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultMessage } from '../decoder/faulty-decoder.ts';
import { upgradeRequest } from '../fuzz/raw-peer.ts';
import { NatsServer } from '../nats/server.ts';
import { hangingSink } from '../sink/hanging-sink.ts';
import { audience, issuer, KeyServer, SigningKey } from '../socket/key-server.ts';
import { AcsClient } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { FrozenDisk } from '../support/frozen-disk.ts';
import { eventually } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import type { Arena, Fault } from './arena.ts';

const faultyDecoder = new URL('../decoder/faulty-decoder.ts', import.meta.url).href;

const workerDies: Fault = {
  name: 'a decode worker dies, four times',
  env: { NODE_OPTIONS: nodeOptions(faultyDecoder) },
  lost: 4,
  strike: async ({ gateway }) => {
    const saboteur = await AcsClient.connect(gateway.url);
    for (const fault of ['exit', 'throw', 'exit', 'throw'] as const) {
      saboteur.send(faultMessage(fault));
      await sleep(200);
    }
    await saboteur.hangUp();
  },
};

/** Two workers that are missing for a while: the messages in their hands are lost. */
const twoAreMissing = {
  env: { NODE_OPTIONS: nodeOptions(faultyDecoder) },
  // Longer than it takes to notice, and to start another one, on a busy machine; as much as 200 calls send meanwhile.
  flags: () => Promise.resolve(['--ring-seconds', '5']),
  ringSeconds: 5,
  backlogMib: 55,
  lost: 2,
};

const workerHangs: Fault = {
  name: 'a decode worker never comes back from a message, twice',
  ...twoAreMissing,
  strike: async ({ gateway }) => {
    const saboteur = await AcsClient.connect(gateway.url);
    for (let n = 0; n < 2; n++) {
      saboteur.send(faultMessage('loop'));
      await sleep(3000);
    }
    await saboteur.hangUp();
  },
};

const workerIsNotReplaced: Fault = {
  name: 'both decode workers die while there are no file descriptors for others',
  needs: ['prlimit'],
  ...twoAreMissing,
  strike: async ({ gateway }) => {
    const saboteurs = [await AcsClient.connect(gateway.url), await AcsClient.connect(gateway.url)];
    const limit = (files: number) => execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${files}:`]);
    limit(3);
    for (const saboteur of saboteurs) saboteur.send(faultMessage('exit'));
    await sleep(1500);
    limit(4096);
    for (const saboteur of saboteurs) await saboteur.hangUp();
  },
};

const loopStalls: Fault = {
  name: 'the whole process stands still for 500 ms, twice',
  strike: async ({ gateway }) => {
    for (let n = 0; n < 2; n++) {
      gateway.signal('SIGSTOP');
      await sleep(500);
      gateway.signal('SIGCONT');
      await sleep(300);
    }
  },
};

const processIsStopped: Fault = {
  name: 'the whole process stands still for longer than a silent stream may',
  flags: () => Promise.resolve(['--idle-timeout-ms', '2000']),
  // What the kernel's buffers do not take, the simulator sends afterwards: more at once than rings of two seconds keep.
  mayLoseRecordings: true,
  callsMs: ({ durationMs, standstillMs }) => durationMs + standstillMs,
  strike: async ({ gateway }, { standstillMs }) => {
    gateway.signal('SIGSTOP');
    await sleep(standstillMs);
    gateway.signal('SIGCONT');
  },
};

/** Waits until the thread of a sink has been given up, and another one works. */
async function replaced({ gateway }: Arena, sink: string): Promise<void> {
  const figure = async (name: string) => (await gateway.metrics()).get(name)!;
  const hangs = await figure(`thread_hangs_total{thread="sink:${sink}"}`);
  await eventually(async () => (await figure(`thread_hangs_total{thread="sink:${sink}"}`)) > hangs);
}

let hangFile = '';

const sinkHangs: Fault = {
  name: "a user's sink never comes back from a frame",
  flags: (cleanUp) => {
    const folder = mkdtempSync(join(tmpdir(), 'acs-hang-'));
    cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
    hangFile = join(folder, 'hang');
    return Promise.resolve([
      '--thread-timeout-ms',
      '1500',
      '--sink',
      `module:${hangingSink}?while=${hangFile}&name=stuck`,
    ]);
  },
  strike: async (arena) => {
    writeFileSync(hangFile, '');
    await replaced(arena, 'stuck');
    rmSync(hangFile);
  },
};

let frozen: FrozenDisk | null = null;
const frozenSink = (disk: FrozenDisk) => `pcm:${disk.folder}`;
const diskFreezes: Fault = {
  name: 'the disk of some recordings does not answer for a while',
  needs: ['frozen disk'],
  flags: (cleanUp) => {
    const disk = new FrozenDisk();
    frozen = disk;
    cleanUp.push(() => disk.remove());
    return Promise.resolve(['--thread-timeout-ms', '1500', '--sink', frozenSink(disk)]);
  },
  strike: async (arena) => {
    frozen!.freeze();
    try {
      await replaced(arena, frozenSink(frozen!));
    } finally {
      frozen!.thaw();
    }
    await eventually(
      async () => (await arena.gateway.metrics()).get(`threads_abandoned{thread="sink:${frozenSink(frozen!)}"}`) === 0,
    );
  },
};

const diskFills: Fault = {
  name: 'the disk of the recordings fills, and is emptied',
  needs: ['mount'],
  mayLoseRecordings: true,
  folder: (cleanUp) => {
    const folder = mkdtempSync(join(tmpdir(), 'acs-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'tmpfs', folder]);
    cleanUp.push(() => {
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    });
    return folder;
  },
  strike: async ({ folder }) => {
    const { bavail, bsize } = statfsSync(folder);
    const ballast = join(folder, 'ballast');
    try {
      writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    } catch {
      // Full is what it should be.
    }
    await sleep(1000);
    rmSync(ballast, { force: true });
  },
};

let signingKey: SigningKey | null = null;
let jwt = '';

const keyServerGoes: Fault = {
  name: 'the key server goes away, and new calls come',
  flags: async (cleanUp) => {
    signingKey ??= await SigningKey.create('key');
    jwt = await signingKey.sign();
    const certificate = selfSignedCertificate();
    const folder = mkdtempSync(join(tmpdir(), 'acs-ca-'));
    cleanUp.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'ca.pem'), certificate.cert);
    const server = await KeyServer.create(certificate);
    cleanUp.push(server.stop);
    server.keys = [signingKey];
    keyServer = server;
    const trust = join(folder, 'ca.pem');
    process.env['NODE_EXTRA_CA_CERTS'] = trust;
    cleanUp.push(() => delete process.env['NODE_EXTRA_CA_CERTS']);
    return ['--auth', 'jwt', '--jwt-audience', audience, '--jwt-issuer', issuer, '--jwks-url', server.url];
  },
  token: () => jwt,
  strike: async ({ gateway }) => {
    await keyServer!.stop();
    for (let n = 0; n < 10; n++) {
      const client = await AcsClient.connect(gateway.url, { authorization: `Bearer ${jwt}` });
      await client.hangUp();
    }
  },
};
let keyServer: KeyServer | null = null;

const connectionsArrive: Fault = {
  name: 'thousands of connections arrive within a second',
  strike: async ({ gateway }, { connections }) => {
    const request = upgradeRequest();
    const sockets: Socket[] = [];
    for (let slice = 0; slice < 50; slice++) {
      for (let n = 0; n < connections / 50; n++) {
        const socket = connect(gateway.port, '127.0.0.1', () => socket.write(request));
        socket.on('error', () => {});
        socket.resume();
        sockets.push(socket);
      }
      await sleep(20);
    }
    await sleep(500);
    for (const socket of sockets) socket.destroy();
  },
};

/** A proxy between the calls and the gateway, that can cut them. */
async function proxy({ gateway, cleanUp }: Arena, pairs: Socket[]): Promise<string> {
  const server = createServer((client) => {
    const upstream = connect(gateway.port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
    pairs.push(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(() => server.close());
  const { port } = server.address() as { port: number };
  return `ws://127.0.0.1:${port}/audio`;
}

const cutSockets: Socket[] = [];
const socketsAreCut: Fault = {
  name: 'half of all sockets are cut',
  mayEndCalls: true,
  flags: () => Promise.resolve(['--resume-grace-ms', '500']),
  dial: (arena) => {
    cutSockets.length = 0;
    return proxy(arena, cutSockets);
  },
  strike: () => {
    const alive = cutSockets.filter((socket) => !socket.destroyed);
    for (let n = 0; n < alive.length; n += 2) alive[n]!.resetAndDestroy();
    return Promise.resolve();
  },
};

const folderDisappears: Fault = {
  name: 'the folder of the recordings disappears',
  mayLoseRecordings: true,
  strike: ({ folder }) => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    return Promise.resolve();
  },
};

const natsGoes: Fault = {
  name: 'the NATS server dies and comes back, twice',
  needs: ['nats-server'],
  flags: async (cleanUp) => {
    natsServer = await NatsServer.create();
    cleanUp.push(() => natsServer!.remove());
    return ['--sink', `nats://${natsServer.address}`];
  },
  strike: async (_arena, { durationMs }) => {
    // Shorter than the rings; then, in full size, longer.
    for (const awayMs of [300, durationMs / 3]) {
      await natsServer!.kill();
      await sleep(awayMs);
      await natsServer!.start();
      await sleep(700);
    }
  },
};
let natsServer: NatsServer | null = null;

/** Those that may come one after the other to one gateway, which has the flags of all of them. */
export const lastingFaults: readonly Fault[] = [
  workerDies,
  workerHangs,
  workerIsNotReplaced,
  loopStalls,
  sinkHangs,
  diskFreezes,
  connectionsArrive,
  folderDisappears,
  natsGoes,
];

export const faults: readonly Fault[] = [
  workerDies,
  workerHangs,
  workerIsNotReplaced,
  loopStalls,
  processIsStopped,
  sinkHangs,
  diskFreezes,
  diskFills,
  folderDisappears,
  keyServerGoes,
  connectionsArrive,
  socketsAreCut,
  natsGoes,
];
