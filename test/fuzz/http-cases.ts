/** What a broken or hostile HTTP client does to either port, one case each; written by hand. */
import { upgradeRequest } from './raw-peer.ts';

export interface HttpCase {
  readonly name: string;
  readonly port: 'ingest' | 'admin';
  readonly writes: readonly Uint8Array[];
  readonly gapMs?: number;
  /**
   * What the first answer's status may be; null stands for a connection that is closed without one. Any documented status,
   * or none, if left out.
   */
  readonly statuses?: readonly (number | null)[];
  /** The connection is not ended by us: the server must do it within its time. */
  readonly isHeld?: boolean;
}

const upgrade = upgradeRequest();

function text(value: string): Uint8Array {
  return Buffer.from(value, 'latin1');
}

function ingest(
  name: string,
  request: string | readonly Uint8Array[],
  statuses?: readonly (number | null)[],
): HttpCase {
  const writes = typeof request === 'string' ? [text(request)] : request;
  return { name, port: 'ingest', writes, ...(statuses === undefined ? {} : { statuses }) };
}

function admin(name: string, request: string, statuses?: readonly (number | null)[]): HttpCase {
  return { ...ingest(name, request, statuses), port: 'admin' };
}

/** The upgrade with one line taken out, changed or added. */
function without(header: string): string {
  return upgrade.replace(new RegExp(`${header}: .*\r\n`, 'i'), '');
}

function withLine(...lines: string[]): string {
  return upgradeRequest('/audio', lines);
}

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const closed = [null, 400, 505] as const;

const headers: readonly HttpCase[] = [
  ingest('no Host', without('Host'), [101, 400, null]),
  // The HTTP layer takes anything for an upgrade that has a key.
  ingest('no Upgrade', without('Upgrade'), [400]),
  ingest('no Connection', without('Connection'), [101, 400]),
  ingest('no key', without('Sec-WebSocket-Key'), [400]),
  ingest('no version', without('Sec-WebSocket-Version'), [400]),
  ...['', 'short', 'x'.repeat(23), 'x'.repeat(25), 'x'.repeat(3000)].map((value) =>
    ingest(`a key of ${value.length} characters`, upgrade.replace(key, `Sec-WebSocket-Key: ${value}`), [400]),
  ),
  ...['', '0', '8', '12', '14', '013', '13, 8', '-13', '1e1', '99999999999999999999'].map((value) =>
    ingest(`version "${value}"`, upgrade.replace('Version: 13', `Version: ${value}`), [400]),
  ),
  ingest('the key twice', withLine(key), [101, 400]),
  ingest('the version twice', withLine('Sec-WebSocket-Version: 8'), [101, 400]),
  ingest('Upgrade: h2c', upgrade.replace('Upgrade: websocket', 'Upgrade: h2c'), [400]),
  ingest('99 headers', withLine(...Array.from({ length: 90 }, (_, i) => `x-${i}: ${i}`)), [101, 400, 431, null]),
  ingest('300 headers', withLine(...Array.from({ length: 300 }, (_, i) => `x-${i}: ${i}`)), [400, 431, null]),
  ingest('a header of 3 KB', withLine(`x: ${'y'.repeat(3000)}`), [101]),
  ingest('a header of 100 KB', withLine(`x: ${'y'.repeat(100_000)}`), [400, 431, null]),
  ingest('a header name of 100 KB', withLine(`${'y'.repeat(100_000)}: x`), [400, 431, null]),
  ingest('a path of 3 KB', upgradeRequest(`/audio/${'p'.repeat(3000)}`), [101]),
  ingest('a path of 100 KB', upgradeRequest(`/audio/${'p'.repeat(100_000)}`), [400, 414, 431, null]),
  ingest(
    'extensions and protocols',
    withLine('Sec-WebSocket-Extensions: permessage-deflate', 'Sec-WebSocket-Protocol: a, b'),
    [101],
  ),
  ingest('a header without a name', withLine(': x'), [101, ...closed]),
  ingest('a header without a colon', withLine('colonless'), closed),
  ingest('a blank before the colon', withLine('x : y'), [101, ...closed]),
  ingest('a folded header', withLine('x: y\r\n  folded'), [101, ...closed]),
  ingest('a NUL in a header', withLine('x: a\0b'), [101, ...closed]),
  ingest('a NUL in the call id', withLine('x-ms-call-connection-id: a\0b'), [101, ...closed]),
  ingest('control characters in the call id', withLine('x-ms-call-connection-id: a\x01\x1b[31m\x7f'), [101, ...closed]),
  ingest('a bare CR in a header', withLine('x: a\rb'), [101, ...closed]),
  ingest('a bare LF in a header', withLine('x: a\nSet-Cookie: b'), [101, ...closed]),
  ingest('lines that end in LF', upgrade.replaceAll('\r\n', '\n'), [101, ...closed]),
  ingest('bytes above 127', withLine('x: \xff\xfe\x80'), [101, ...closed]),
];

const lines: readonly HttpCase[] = [
  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'get', 'BREW', 'G\0T'].map((method) =>
    ingest(`an upgrade by ${JSON.stringify(method)}`, upgrade.replace('GET', method), [400, 404, 505, null]),
  ),
  ingest('CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', [400, 404, 505, null]),
  ...['0.9', '1.0', '1.2', '2.0', '9.9', '1', '11', '1.1.1'].map((version) =>
    ingest(`HTTP/${version}`, upgrade.replace('HTTP/1.1', `HTTP/${version}`), [400, 505, null]),
  ),
  ingest('no version of HTTP', 'GET /audio\r\n\r\n', [400, 505, null]),
  ingest('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 505, null]),
  ingest('a TLS hello', [Buffer.from('16030100a5010000a10303', 'hex'), Buffer.alloc(160, 3)], [400, 505, null]),
  ingest('nothing but line ends', '\r\n'.repeat(500), [400, 505, null]),
  ingest('nothing but blanks', ' '.repeat(5000), [400, 431, 505, null]),
  ingest('nothing but NULs', [Buffer.alloc(100_000)], [400, 431, 505, null]),
  ingest('an absolute address', upgradeRequest('http://evil.example/audio'), [101, 400, 404, 505, null]),
  ingest('another absolute address', upgradeRequest('ws://gateway/audio'), [101, 400, 404, 505, null]),
  ingest('an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', [400, 404, 505, null]),
  ...[
    '/audio/../admin',
    '/audio/%2e%2e/x',
    '//audio',
    '/audio%00',
    '/audio%',
    '/AUDIO',
    '/audio?',
    '/audio#x',
    '/audio;x',
  ].map((path) => ingest(`the path ${path}`, upgradeRequest(path), [101, 404, 400])),
  ingest('a query of every kind', upgradeRequest('/audio?token=%&accesstoken=%ff&token[]=&&=&?a=b%00'), [101]),
];

const bodies: readonly HttpCase[] = [
  ingest('a body behind GET', `${upgrade.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n')}hello`),
  ingest('a megabyte of body behind GET', [
    text('GET /audio HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n'),
    Buffer.alloc(1_048_576, 0x61),
  ]),
  ingest('a body that is announced and never comes', 'POST /audio HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n'),
  ...['-1', '1e9', '99999999999999999999999', 'abc', '5, 5', '0x10', ' '].map((length) =>
    ingest(`Content-Length: ${length}`, `POST /audio HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\nhello`),
  ),
  ingest('two lengths', 'POST /audio HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'),
  ingest(
    'a length and chunks',
    'POST /audio HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  ingest('chunks', 'POST /audio HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
  ...['ffffffffffffffff', '7fffffff', '-1', 'zz', '5;ext=1', ' 5', '0x5', ''].map((size) =>
    ingest(
      `a chunk of ${JSON.stringify(size)}`,
      `POST /audio HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\nhello\r\n0\r\n\r\n`,
    ),
  ),
  ingest('chunks behind an upgrade', `${withLine('Transfer-Encoding: chunked')}ffff\r\n`),
];

const pipelines: readonly HttpCase[] = [
  // One request a connection: what comes behind it before its answer costs both.
  ingest('a hundred requests at once', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100), [200, null]),
  ingest('two upgrades at once', upgrade + upgrade, [101]),
  ingest('an upgrade behind a refused one', upgradeRequest('/nowhere') + upgrade, [404, null]),
  ingest('a request behind an upgrade', `${upgrade}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`, [101]),
  ingest(
    'health, then an upgrade, then garbage',
    `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}\xff\xff\xff\xff`,
    [200, null],
  ),
];

/** PROXY protocol version 2: the signature, a command and family, a length, and what follows. */
function proxy(command: number, family: number, length: number, body: Uint8Array): Uint8Array {
  const head = Buffer.from('0d0a0d0a000d0a515549540a00000000', 'hex');
  head[12] = command;
  head[13] = family;
  head.writeUInt16BE(length, 14);
  return Buffer.concat([head, body]);
}

const addresses = Buffer.from('340000017f00000130391f90', 'hex');
const proxies: readonly HttpCase[] = (
  [
    ['a good PROXY header', 0x21, 0x11, 12, addresses],
    ['a PROXY header that says LOCAL', 0x20, 0x00, 0, Buffer.alloc(0)],
    ['a PROXY header of length 0', 0x21, 0x11, 0, Buffer.alloc(0)],
    ['a PROXY header whose length is 0, with addresses', 0x21, 0x11, 0, addresses],
    ['a PROXY header that is too short for IPv4', 0x21, 0x11, 4, addresses.subarray(0, 4)],
    ['a PROXY header that is too short for IPv6', 0x21, 0x21, 12, addresses],
    ['a PROXY header that announces 216 bytes and has them', 0x21, 0x11, 216, Buffer.alloc(216, 7)],
    ['a PROXY header that announces 217 bytes and has them', 0x21, 0x11, 217, Buffer.alloc(217, 7)],
    ['a PROXY header that announces 65,535 bytes and has them', 0x21, 0x11, 65_535, Buffer.alloc(65_535, 7)],
    ['a PROXY header that announces 65,535 bytes and has twelve', 0x21, 0x11, 65_535, addresses],
    ['a PROXY header of a UNIX socket', 0x21, 0x31, 216, Buffer.alloc(216, 0x2f)],
    ['a PROXY header of an unknown family', 0x21, 0xff, 12, addresses],
    ['a PROXY header of version 3', 0x31, 0x11, 12, addresses],
    ['a PROXY header of an unknown command', 0x2f, 0x11, 12, addresses],
  ] as const
).flatMap(([name, command, family, length, body]) => {
  const header = proxy(command, family, length, body);
  return [
    ingest(name, [Buffer.concat([header, text(upgrade)])]),
    { ...ingest(`${name}, and the request later`, [header, text(upgrade)]), gapMs: 5 },
    ingest(`${name}, twice`, [Buffer.concat([header, header, text(upgrade)])]),
  ];
});

const signature = Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex');
const proxyStumps = Array.from({ length: 16 }, (_, n) =>
  ingest(`${n + 1} bytes of a PROXY header`, [signature.subarray(0, n + 1)]),
);

const admins: readonly HttpCase[] = [
  admin('no Host', 'GET /healthz HTTP/1.1\r\n\r\n', [400]),
  admin('a query of 60 KB', `GET /streams?${'x'.repeat(60_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, [200, 414, 431, null]),
  admin('a header of 60 KB', `GET /healthz HTTP/1.1\r\nHost: x\r\nx: ${'y'.repeat(60_000)}\r\n\r\n`, [431, null]),
  admin('3,000 headers', `GET /healthz HTTP/1.1\r\nHost: x\r\n${'x: y\r\n'.repeat(3000)}\r\n`, [200, 431, null]),
  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND'].map((method) =>
    admin(`${method} /metrics`, `${method} /metrics HTTP/1.1\r\nHost: x\r\n\r\n`, [405]),
  ),
  admin('CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', [400, 405, null]),
  admin('BREW', 'BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n', [400, null]),
  admin('an upgrade', upgrade, [404]),
  admin('an upgrade of /metrics', upgradeRequest('/metrics'), [200]),
  admin(
    'Expect',
    'POST /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    [100, 405, 417],
  ),
  admin('an odd Expect', 'GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n', [200, 417]),
  admin(
    'a megabyte of body',
    `POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n${'x'.repeat(1_048_576)}`,
    [405, null],
  ),
  admin(
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    [400, null],
  ),
  admin(
    'a chunk of ffffffffffffffff',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n',
    [400, 405, null],
  ),
  ...['HTTP/0.9', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', ''].map((version) =>
    admin(`version "${version}"`, `GET /healthz ${version}\r\nHost: x\r\n\r\n`, [200, 400, 505, null]),
  ),
  ...[
    '/streams/..',
    '/streams/%00',
    '/streams/%',
    '/streams/__proto__',
    '/streams/',
    '//',
    '/%2e',
    '*',
    'http://x/metrics',
    '\\metrics',
  ].map((path) => admin(`the path ${path}`, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, [404, 400, null])),
  admin('a NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nx: a\0b\r\n\r\n', [400, null]),
  admin('garbage', '\x00\xff\x16\x03\x01'.repeat(100), [400, null]),
  admin('a hundred requests at once', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100), [200]),
  admin('a hundred scrapes at once, unread', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100), [200]),
];

export const httpCases: readonly HttpCase[] = [
  ...headers,
  ...lines,
  ...bodies,
  ...pipelines,
  ...proxies,
  ...proxyStumps,
  ...admins,
];

/** What ends by the server's time only. Played together, because all of them wait. */
export const slowHttpCases: readonly HttpCase[] = [
  ingest('nothing', []),
  ingest('half a request line', 'GET /au'),
  ingest('half a head', upgrade.slice(0, 100)),
  ingest('a body that never comes', 'POST /audio HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf'),
  ingest('a chunk that never comes', 'POST /audio HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n'),
  ingest('half a PROXY header', [signature.subarray(0, 10)]),
  ingest('a PROXY header that announces more than comes', [proxy(0x21, 0x11, 65_535, addresses)]),
  ingest('health, and then nothing', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'),
].map((one) => ({ ...one, name: `${one.name}, and then silence`, isHeld: true }));
