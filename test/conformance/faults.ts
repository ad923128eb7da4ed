/** Which fault of server.ts makes which scenario fail, and what is seen of it. */
export interface Proof {
  readonly scenario: string;
  readonly fault: string;
  /** In what the check says it has seen: that it fails for this reason. */
  readonly seen: RegExp;
  /** Run before it. */
  readonly after?: readonly string[];
}

export const proofs: readonly Proof[] = [
  { scenario: 'handshake', fault: 'agrees-to-a-sub-protocol', seen: /sec-websocket-protocol, which was not offered/ },
  {
    scenario: 'header-case',
    fault: 'knows-one-spelling-of-headers',
    seen: /X-MS-CALL-CONNECTION-ID was not let in.*400/,
  },
  {
    scenario: 'no-call-headers',
    fault: 'dies-without-call-headers',
    seen: /without x-ms-call-connection-id the server closed/,
  },
  { scenario: 'wrong-path', fault: 'never-answers-on-other-paths', seen: /did not answer within/ },
  { scenario: 'no-upgrade', fault: 'switches-unasked', seen: /101/ },
  { scenario: 'no-token', fault: 'asks-no-token', seen: /a call without a token is let in/ },
  { scenario: 'bad-token', fault: 'takes-any-token', seen: /a call with a wrong token is let in/ },
  { scenario: 'clean-call', fault: 'closes-on-audio', seen: /closed it with 1011/ },
  { scenario: 'mixed-24k', fault: 'knows-16-khz-only', seen: /24 kHz the server closed it with 1011/ },
  { scenario: 'unmixed', fault: 'room-for-three', seen: /four participants the server closed it with 1011/ },
  { scenario: 'participants-come-and-go', fault: 'room-for-four', seen: /after 5 participants the server closed it/ },
  { scenario: 'dtmf', fault: 'closes-on-dtmf', seen: /DtmfData message the server closed it with 1003/ },
  {
    scenario: 'audio-before-metadata',
    fault: 'wants-metadata-first',
    seen: /five frames before any metadata: closed it with 1002/,
  },
  {
    scenario: 'metadata-again',
    fault: 'takes-metadata-once',
    seen: /the same metadata again: closed it with 1002; another rate/,
  },
  { scenario: 'unknown-kinds', fault: 'closes-on-unknown-kinds', seen: /MarkData: .*1003.*a kind of the future/ },
  { scenario: 'unknown-fields', fault: 'closed-schema', seen: /more fields in the audio: closed it with 1007/ },
  {
    scenario: 'participant-null',
    fault: 'dies-of-null',
    seen: /after .* the next call was not let in/,
  },
  { scenario: 'big-packet', fault: 'small-messages', seen: /64 KiB of PCM: closed it with 1009/ },
  { scenario: 'silence', fault: 'wants-data-in-silence', seen: /silent, data "": closed it/ },
  { scenario: 'empty-data', fault: 'wants-data', seen: /data "": closed it/ },
  { scenario: 'odd-payloads', fault: 'wants-20-ms', seen: /641 bytes: closed it/ },
  {
    scenario: 'malformed-json',
    fault: 'dies-of-malformed-json',
    seen: /after .* the next call was not let in/,
  },
  { scenario: 'bad-base64', fault: 'closes-on-bad-base64', seen: /outside the alphabet: closed it with 1007/ },
  {
    scenario: 'binary-message',
    fault: 'breaks-off-on-binary',
    seen: /random bytes: (closed it without a close frame|broke it off)/,
  },
  { scenario: 'timestamps', fault: 'wants-milliseconds', seen: /no fraction: closed it.*7 digits/ },
  { scenario: 'duplicates', fault: 'one-frame-a-time', seen: /a frame twice: closed it/ },
  { scenario: 'swaps', fault: 'wants-order', seen: /two exchanged frames: closed it/ },
  { scenario: 'gaps', fault: 'wants-no-gaps', seen: /30,000 missing: closed it/ },
  { scenario: 'clock-back', fault: 'wants-a-steady-clock', seen: /a minute back: closed it/ },
  { scenario: 'burst', fault: 'short-queue', seen: /400 messages at once the server closed it with 1013/ },
  { scenario: 'slow-start', fault: 'impatient-at-first', seen: /without a message the server closed it with 1008/ },
  { scenario: 'long-silence', fault: 'impatient-later', seen: /without audio the server closed it with 1008/ },
  { scenario: 'fragmented', fault: 'ignores-the-end-of-message', seen: /a message in four fragments the server/ },
  { scenario: 'segments', fault: 'one-read-one-message', seen: /thirteen segments the server/ },
  { scenario: 'early-messages', fault: 'one-message-at-first', seen: /at once after the upgrade the server/ },
  { scenario: 'ping', fault: 'answers-no-pings', seen: /did not answer it within/ },
  { scenario: 'oversized', fault: 'reserves-what-is-announced', seen: /the next call was not let in/ },
  { scenario: 'close-1000', fault: 'never-answers-1000', seen: /neither answered the close frame nor closed/ },
  { scenario: 'close-1001', fault: 'never-answers-1001', seen: /neither answered the close frame nor closed/ },
  { scenario: 'close-1005', fault: 'never-answers-1005', seen: /neither answered the close frame nor closed/ },
  { scenario: 'hang-up-without-close', fault: 'keeps-its-side-open', seen: /kept its side open/ },
  { scenario: 'break-off', fault: 'dies-of-a-reset', seen: /the next call was not let in/ },
  { scenario: 'half-open', fault: 'lets-wait-from-the-sixth-call', seen: /was not let in: the server did not answer/ },
  {
    scenario: 'reconnect',
    fault: 'deaf-after-reconnection',
    seen: /same subscription came back the server did not answer a ping/,
  },
  { scenario: 'pace', fault: 'blocks-for-300-ms', seen: /server did not answer/ },
  { scenario: 'flood', fault: 'stops-reading', seen: /took \d+ messages and then nothing/ },
  { scenario: 'many-at-once', fault: 'forty-at-once', seen: /\d+ of 50 calls were not let in/ },
  { scenario: 'churn', fault: 'leaks-calls', seen: /one of forty short calls was not let in.*500/ },
  { scenario: 'garbage-beside', fault: 'dies-of-broken-frames', seen: /the next call was not let in/ },
  { scenario: 'outbound', fault: 'sends-broken-audio', seen: /sent audio that is not base64/ },
  {
    scenario: 'final-call',
    fault: 'tires-out',
    seen: /did not answer the close frame/,
    after: ['handshake', 'clean-call', 'close-1000'],
  },
];
