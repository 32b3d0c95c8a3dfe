/**
 * The bodies of the frames that steer a link.
 *
 *     credit:    u8 class | u32 generation of its connection | u48 bytes taken so far
 *     openClass: u8 class | u32 generation of the last connection the asker had; 0 = none
 */
import { FoundationError } from '../../kernel/index.ts'
import { asBuffer } from '../../wire/index.ts'

/** The receiver's word on what it has taken. */
export interface Credit {
  readonly classIndex: number
  readonly generation: number
  readonly totalBytes: number
}

/** The accepting side's wish for a connection; every one up to `generation` is gone on its side. */
export type OpenClass = Omit<Credit, 'totalBytes'>

const creditBytes = 11
const openClassBytes = 5
const totalWidth = 6

/** See the head of this file. */
export function encodeCredit({ classIndex, generation, totalBytes }: Credit): Buffer {
  const body = Buffer.allocUnsafe(creditBytes)
  body.writeUInt8(classIndex, 0)
  body.writeUInt32BE(generation, 1)
  body.writeUIntBE(totalBytes, 5, totalWidth)
  return body
}

/** @throws {FoundationError} `FND_FRAME_INVALID` */
export function decodeCredit(bytes: Uint8Array): Credit {
  const body = checked(bytes, creditBytes)
  return {
    classIndex: body.readUInt8(0),
    generation: body.readUInt32BE(1),
    totalBytes: body.readUIntBE(5, totalWidth),
  }
}

/** See the head of this file. */
export function encodeOpenClass({ classIndex, generation }: OpenClass): Buffer {
  const body = Buffer.allocUnsafe(openClassBytes)
  body.writeUInt8(classIndex, 0)
  body.writeUInt32BE(generation, 1)
  return body
}

/** @throws {FoundationError} `FND_FRAME_INVALID` */
export function decodeOpenClass(bytes: Uint8Array): OpenClass {
  const body = checked(bytes, openClassBytes)
  return { classIndex: body.readUInt8(0), generation: body.readUInt32BE(1) }
}

/** For a frame of a kind that cannot be right where it came. */
export function unexpected(kind: number): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Frame kind ${String(kind)} is not expected here`)
}

function checked(body: Uint8Array, expected: number): Buffer {
  if (body.length === expected) return asBuffer(body)
  const message = `Control frame of ${String(body.length)} bytes: expected ${String(expected)}`
  throw new FoundationError('FND_FRAME_INVALID', message)
}
