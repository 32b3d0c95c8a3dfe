/** Bytes to messages and back: framing, codec, validator, the one table of codes. Pure. */
export * from './codec.ts'
export * from './codes.ts'
export * from './frames.ts'
export * from './message.ts'
export * from './shapes.ts'
