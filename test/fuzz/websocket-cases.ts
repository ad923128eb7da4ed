/** What a broken or hostile WebSocket peer does, one case each; written by hand, with what must come of it. */
import { audio, metadata } from '../support/acs-client.ts';
import type { Case } from './case.ts';
import { closeFrame, fragments, frame, opcode } from './frame.ts';
import type { Outcome } from './receiver.ts';

const hello = metadata('hostile');
const word = audio(0, Buffer.alloc(640, 7));
const opening = frame({ payload: hello });
const speech = frame({ payload: word });
const ping = frame({ opcode: opcode.ping, payload: 'p' });
const pong = frame({ opcode: opcode.pong, payload: 'p' });
const euro = Buffer.from('€');
const invalidTexts: readonly (readonly [string, string])[] = [
  ['a lone continuation byte', '80'],
  ['a lead byte without its rest', 'e282'],
  ['an overlong slash', 'c0af'],
  ['a surrogate', 'eda080'],
  ['a code point beyond the last', 'f4908080'],
  ['0xff', 'ff'],
];

function one(
  name: string,
  expected: Partial<Outcome>,
  writes: Uint8Array | readonly Uint8Array[],
  more: Partial<Case> = {},
): Case {
  return { name, expected, writes: writes instanceof Uint8Array ? [writes] : writes, ...more };
}

const cut = { cause: 'error', isEnded: true } as const;
const fine = { cause: 'peer', isEnded: false } as const;

const forbiddenHeads = [1, 2, 4, 5, 7].map((rsv) =>
  one(`reserved bits ${rsv}`, { messages: 1, ...cut }, [opening, frame({ rsv, payload: word })], { closeCode: null }),
);

const reservedOpcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((code) =>
  one(`reserved opcode ${code}`, { messages: 1, ...cut }, [opening, frame({ opcode: code, payload: 'x' })]),
);

const controlFrames = [opcode.close, opcode.ping, opcode.pong].flatMap((code) => [
  one(`a fragmented control frame ${code}`, { messages: 1, ...cut }, [opening, frame({ opcode: code, fin: false })]),
  one(`a control frame ${code} of 126 bytes`, { messages: 1, ...cut }, [
    opening,
    frame({ opcode: code, payload: Buffer.alloc(126, 0x61) }),
  ]),
  one(`a control frame ${code} that writes its length in 64 bits`, { messages: 1, ...cut }, [
    opening,
    frame({ opcode: code, payload: 'x', lengthBits: 64 }),
  ]),
]);

const invalidUtf8 = invalidTexts.flatMap(([name, hex]) => {
  const bytes = Buffer.from(hex, 'hex');
  return [
    one(`text with ${name}`, { messages: 1, ...cut }, [opening, frame({ payload: bytes }), speech]),
    one(`text with ${name}, each byte in a fragment`, { messages: 1, ...cut }, [
      opening,
      ...fragments(Array.from(bytes, (byte) => Buffer.from([byte]))),
    ]),
    one(`binary with ${name}`, { messages: 3, ...fine }, [
      opening,
      frame({ opcode: opcode.binary, payload: bytes }),
      speech,
    ]),
  ];
});

const lies = ([7, 16, 64] as const).flatMap((lengthBits) => {
  const announced = lengthBits === 7 ? 125n : 60_000n;
  const lie = frame({ payload: word.slice(0, 100), announced, lengthBits });
  return [
    one(`a length in ${lengthBits} bits that is never sent, then a FIN`, { messages: 1, ...fine }, [opening, lie]),
    one(`a length in ${lengthBits} bits that is never sent, then a RST`, { messages: 1, ...fine }, [opening, lie], {
      isReset: true,
    }),
  ];
});

const hugeLengths = [
  262_145n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 32n + 100n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const huge = hugeLengths.flatMap((announced) => [
  one(`a length of ${announced}`, { messages: 1, cause: 'too_big', isEnded: true }, [
    opening,
    frame({ payload: word, announced, lengthBits: 64 }),
  ]),
  one(`a continuation with a length of ${announced}`, { messages: 1, cause: 'too_big', isEnded: true }, [
    opening,
    frame({ payload: 'x', fin: false }),
    frame({ opcode: opcode.continuation, payload: word, announced, lengthBits: 64 }),
  ]),
]);

const badCloseCodes = [0, 1, 999, 1004, 1005, 1006, 1012, 1013, 1015, 1016, 2999, 3999, 5000, 65_535];
const goodCloseCodes = [1000, 1001, 1002, 1003, 1007, 1011, 4000, 4999];
const closes = [
  ...badCloseCodes.map((code) =>
    one(`close code ${code}`, { messages: 2, cause: 'error', isEnded: true }, [opening, speech, closeFrame(code)]),
  ),
  ...goodCloseCodes.map((code) =>
    one(`close code ${code}`, { messages: 2, cause: 'peer', isEnded: true }, [opening, speech, closeFrame(code)], {
      closeCode: code,
    }),
  ),
  one('a close without a code', { messages: 1, cause: 'peer', isEnded: true }, [
    opening,
    frame({ opcode: opcode.close }),
  ]),
  one('a close of one byte', { messages: 1, isEnded: true }, [opening, frame({ opcode: opcode.close, payload: 'x' })]),
  one('a close whose reason is no UTF-8', { messages: 1, cause: 'error', isEnded: true }, [
    opening,
    frame({ opcode: opcode.close, payload: Buffer.from('03e8ff', 'hex') }),
  ]),
  one('audio and garbage behind a close', { messages: 1, cause: 'peer', isEnded: true }, [
    Buffer.concat([opening, closeFrame(1000), speech, Buffer.alloc(5000, 0xff)]),
  ]),
];

/** Reasons that the WebSocket library and the gateway use themselves, in the mouth of a peer that simply hangs up. */
export const borrowedReasons: readonly Case[] = [
  'Received too big message',
  'Received invalid WebSocket frame',
  'idle',
  'superseded',
].map((reason) =>
  one(`a close that claims "${reason}"`, { messages: 1, cause: 'peer', isEnded: true }, [
    opening,
    closeFrame(1000, reason),
  ]),
);

const sizes = [
  one('the longest message that is taken', { messages: 2, ...fine }, [
    opening,
    frame({ opcode: opcode.binary, payload: Buffer.alloc(131_072) }),
  ]),
  one(
    'a message one byte too long',
    { messages: 1, cause: 'too_big', isEnded: true },
    [opening, frame({ opcode: opcode.binary, payload: Buffer.alloc(131_073) }), closeFrame(1009)],
    { closeCode: 1009 },
  ),
  one('fragments that are too long together', { messages: 1, cause: 'too_big', isEnded: true }, [
    opening,
    ...fragments(
      Array.from({ length: 30 }, () => Buffer.alloc(10_000)),
      opcode.binary,
    ),
  ]),
];

const masks = [
  // The mask bit is not looked at: the first four bytes are taken for a mask, and the rest is garbage.
  one('an unmasked frame', { isExact: false }, [opening, frame({ payload: 'x'.repeat(50), masked: false }), speech]),
  one('unmasked frames only', { isExact: false }, [frame({ payload: hello, masked: false })]),
  one('a mask of zeros', { messages: 2, ...fine }, [opening, frame({ payload: word, mask: 0 })]),
];

const sequences = [
  one('a continuation without a beginning', { messages: 1, ...cut }, [
    opening,
    frame({ opcode: opcode.continuation, payload: word }),
  ]),
  one('a continuation behind a whole message', { messages: 1, ...cut }, [
    opening,
    frame({ opcode: opcode.continuation, fin: false }),
  ]),
  one('a new text inside a fragmented message', { messages: 1, ...cut }, [
    opening,
    frame({ payload: word.slice(0, 9), fin: false }),
    speech,
  ]),
  // Rules that uWebSockets.js does not enforce: what is said of these is that they harm nobody and are accounted for.
  one('a new binary inside a fragmented message', { isExact: false }, [
    opening,
    frame({ payload: word.slice(0, 9), fin: false }),
    frame({ opcode: opcode.binary, payload: 'x' }),
    frame({ opcode: opcode.continuation, payload: word.slice(9) }),
  ]),
  one('a new text behind a ping inside a fragmented message', { isExact: false }, [
    opening,
    frame({ payload: word.slice(0, 9), fin: false }),
    ping,
    speech,
    frame({ opcode: opcode.continuation, payload: word.slice(9) }),
  ]),
  one('pings and pongs between fragments', { messages: 2, ...fine }, [
    opening,
    ...fragments([word.slice(0, 5), word.slice(5, 50), word.slice(50)]).flatMap((part) => [ping, part, pong]),
  ]),
  one('a close between fragments', { messages: 1, cause: 'peer', isEnded: true }, [
    opening,
    frame({ payload: word.slice(0, 9), fin: false }),
    closeFrame(1000),
  ]),
  one('a character split over three fragments', { messages: 2, ...fine }, [
    opening,
    ...fragments(['{"kind":"', euro.subarray(0, 1), euro.subarray(1, 2), euro.subarray(2), '"}']),
  ]),
];

const floods = [
  one('20,000 empty fragments, then a message', { messages: 2, ...fine }, [
    opening,
    Buffer.concat(fragments([word, ...Array.from({ length: 20_000 }, () => '')])),
  ]),
  one('1,000 empty messages', { messages: 1_001, ...fine }, [
    opening,
    Buffer.concat(Array.from({ length: 1_000 }, () => frame())),
  ]),
  one(
    '20,000 empty messages',
    { messages: 20_001, ...fine },
    [opening, Buffer.concat(Array.from({ length: 20_000 }, () => frame()))],
    { isCostly: true },
  ),
  one('20,000 pings', { messages: 2, ...fine }, [
    opening,
    Buffer.concat([...Array.from({ length: 20_000 }, () => ping), speech]),
  ]),
  one('a megabyte of zeros', {}, [opening, Buffer.alloc(1 << 20)]),
  one('a megabyte of 0xff', { messages: 1, ...cut }, [opening, Buffer.alloc(1 << 20, 0xff)]),
  one('HTTP where frames should be', {}, [Buffer.from('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50))]),
];

const stumps = Array.from({ length: 13 }, (_, length) =>
  one(`${length + 1} bytes of a head, and nothing`, { messages: 1, ...fine }, [
    opening,
    frame({ payload: Buffer.alloc(70_000, 0x20) }).subarray(0, length + 1),
  ]),
);

export const websocketCases: readonly Case[] = [
  ...forbiddenHeads,
  ...reservedOpcodes,
  ...controlFrames,
  ...invalidUtf8,
  ...lies,
  ...huge,
  ...closes,
  ...sizes,
  ...masks,
  ...sequences,
  ...floods,
  ...stumps,
  one('a compressed message, though nothing was agreed to', { messages: 1, ...cut }, [
    opening,
    frame({ rsv: 4, payload: Buffer.from('f248cdc9c95728cf2fca4901000000ffff', 'hex') }),
  ]),
  one('nothing at all', { messages: 0, ...fine }, []),
];

/** Metadata and audio, short enough to be cut everywhere. */
const [shortHello, shortWord] = [hello, audio(0, Buffer.from([1, 2]))];

/** The same two messages, cut in two at every byte: by TCP, and into two frames with a ping between. */
export function boundaryCases(): Case[] {
  const stream = Buffer.concat([frame({ payload: shortHello }), frame({ payload: shortWord })]);
  const cases: Case[] = [];
  for (let at = 1; at < stream.length; at++) {
    const writes = [stream.subarray(0, at), stream.subarray(at)];
    cases.push({ name: `cut by TCP at byte ${at}`, writes, gapMs: 2, expected: { messages: 2, ...fine } });
  }
  for (const [first, second] of [
    [shortHello, shortWord],
    [shortWord, shortHello],
  ] as const) {
    for (let at = 0; at <= first.length; at++) {
      const [head, tail] = fragments([first.slice(0, at), first.slice(at)]);
      const writes = [Buffer.concat([head!, ping, tail!, frame({ payload: second })])];
      cases.push({ name: `fragmented at byte ${at}`, writes, expected: { messages: 2, ...fine } });
    }
  }
  return cases;
}
