/** Bytes to messages and back: framing, codec, validator, the one table of codes. Pure. */
export * from './codes.ts'
export * from './frames.ts'
