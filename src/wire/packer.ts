/**
 * The one msgpackr instance, set up so that nothing is shared between two values: no records, no
 * structures, no references. `msgpackr/pack` is its plain JavaScript build: no native code reads
 * bytes of peers.
 */
import type * as Msgpackr from 'msgpackr'
import * as plainBuild from 'msgpackr/pack'
import { allocateMemory } from './message-memory.ts'

// The types of the plain build do not resolve under ES modules; they are those of the package.
const { addExtension, Packr } = plainBuild as unknown as typeof Msgpackr

// Flags of Packr.pack: write at the same place every time, and return the whole target buffer with
// `start` and `end` set on it instead of a view.
const scratchMode = 512 | 1024
const scratchBytes = 16_384
const scratchMaxBytes = 1_048_576

type Scratch = Buffer & { readonly start: number; readonly end: number }

/** Where a pack function of msgpackr may write. */
interface Room {
  readonly target: Buffer
  readonly position: number
}

const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: true,
  moreTypes: false,
  copyBuffers: true,
  useToJSON: false,
})

/** An extension as it stands on the wire: one of {@link extensionTypes} and its payload. */
export class Extension {
  readonly type: number
  readonly payload: Uint8Array

  constructor(type: number, payload: Uint8Array) {
    this.type = type
    this.payload = payload
  }
}

// msgpackr keeps one table of classes a process. A class only this file makes can't disturb, or be
// disturbed by, what an application registers there.
addExtension({
  Class: Extension,
  type: 48,
  pack: ((extension: Extension, makeRoom: (bytes: number) => Room) => {
    const { type, payload } = extension
    const { target, position } = makeRoom(6 + payload.length)
    target[position] = 0xc9
    target.writeUInt32BE(payload.length, position + 1)
    target[position + 5] = type
    target.set(payload, position + 6)
  }) as never,
  unpack: () => undefined,
})

/** Packs a value that `carried` made safe, behind `reserveBytes` bytes left as they are. */
export function packed(value: unknown, reserveBytes: number): Buffer {
  const scratch = packr.pack(value, scratchMode) as Scratch
  const bytes = allocateMemory(reserveBytes + scratch.end - scratch.start)
  scratch.copy(bytes, reserveBytes, scratch.start, scratch.end)
  if (scratch.length > scratchMaxBytes) packr.useBuffer(Buffer.allocUnsafeSlow(scratchBytes))
  return bytes
}

/** Reads the msgpack value that begins inside an extension's payload. */
export type ReadNested = (position: number) => unknown

/** Registers how the payload of an extension becomes a value. */
export function reviveExtension(
  type: number,
  revive: (payload: Buffer, read: ReadNested) => unknown,
): void {
  addExtension({ type, unpack: revive as never })
}

/** Unpacks bytes the validator accepted. */
export function unpacked(bytes: Buffer): unknown {
  return packr.unpack(bytes)
}
