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
import { asBuffer } from './memory-view.ts'
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
  return asBuffer(encodePayload(value, reserveBytes))
}

/**
 * As {@link encodeValue}, for who encodes so many values that the price of a Buffer would show.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`
 */
export function encodePayload(value: unknown, reserveBytes: number): Uint8Array {
  return packedPlain(value, reserveBytes) ?? packed(carried(value), reserveBytes)
}

/**
 * The value in the bytes from an offset to their end, which are validated first. They must not be
 * written again: large binary parts that are most of their memory are views of it.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function decodeValue(bytes: Uint8Array, from = 0): unknown {
  const plain = plainValueOf(bytes, from)
  return plain === notPlain ? decodeAny(asBuffer(bytes).subarray(from)) : plain
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
