/** The values of `--decoder`. */

export const decoderNames = ['scan', 'simdjson', 'json'] as const;
export type DecoderName = (typeof decoderNames)[number];
