/**
 * Values to bytes and back, by value: what arrives shares nothing with what was sent.
 *
 * Carried: JSON values, `undefined`, NaN and infinities, BigInt of any size, Map, Set, Date, Error
 * (name, message, code, cause), typed arrays, ArrayBuffer, Buffer. Changed on the way: -0 arrives as
 * 0; Uint8Array arrives as Buffer (which is one); an object without a prototype as a plain one; a
 * hole in an array as `undefined`; an error of any class as `Error` under its own name, its stack
 * left behind. Keys that are symbols are not sent.
 */
import { FoundationError, isFoundationError } from '../kernel/index.ts'
import { carried } from './carry.ts'
import { packed } from './packer.ts'
import { packedPlain } from './plain-packer.ts'
import { notPlain, plainValueOf } from './plain-reader.ts'
import { revived } from './revive.ts'
import { validateValue } from './validator.ts'

/**
 * The value as bytes of its own, never written again, behind `reserveBytes` uninitialised bytes for
 * a header.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`, naming the part that can't be carried:
 *   `message.user.onClick is a function`. `details.path` is that path.
 */
export function encodeValue(value: unknown, reserveBytes = 0): Buffer {
  return packedPlain(value, reserveBytes) ?? packed(carried(value), reserveBytes)
}

/**
 * The value in the bytes from an offset to their end, which are validated first and not kept.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function decodeValue(bytes: Uint8Array, from = 0): unknown {
  const buffer = asBuffer(bytes)
  const plain = plainValueOf(buffer, from)
  return plain === notPlain ? decodeAny(buffer.subarray(from)) : plain
}

function decodeAny(bytes: Buffer): unknown {
  validateValue(bytes)
  try {
    return revived(bytes)
  } catch (thrown) {
    if (isFoundationError(thrown)) throw thrown
    throw new FoundationError('FND_FRAME_INVALID', 'Value cannot be decoded', { cause: thrown })
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
