/**
 * The bodies of the frames that steer a link.
 *
 *     credit:    u8 class | u32 generation of its connection | u48 bytes taken so far
 *     openClass: u8 class
 */
import { FoundationError } from '../../kernel/index.ts'

/** The receiver's word on what it has taken. */
export interface Credit {
  readonly classIndex: number
  readonly generation: number
  readonly totalBytes: number
}

const creditBytes = 11
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
export function decodeCredit(body: Buffer): Credit {
  checkLength(body, creditBytes)
  return {
    classIndex: body.readUInt8(0),
    generation: body.readUInt32BE(1),
    totalBytes: body.readUIntBE(5, totalWidth),
  }
}

/** See the head of this file. */
export function encodeOpenClass(classIndex: number): Buffer {
  return Buffer.of(classIndex)
}

/** @throws {FoundationError} `FND_FRAME_INVALID` */
export function decodeOpenClass(body: Buffer): number {
  checkLength(body, 1)
  return body.readUInt8(0)
}

function checkLength(body: Buffer, expected: number): void {
  if (body.length === expected) return
  const message = `Control frame of ${String(body.length)} bytes: expected ${String(expected)}`
  throw new FoundationError('FND_FRAME_INVALID', message)
}
