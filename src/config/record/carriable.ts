/** What the value of a setting may be: what everything it is written into can carry. */
import { FoundationError } from '../../kernel/index.ts'
import { decodeValue, encodeValue, valueDepthMax } from '../../wire/index.ts'

/** Around a value in the deepest of them: a vote in the file, its proposal, the entries, the entry. */
const levelsAround = 4

/**
 * A value that shares nothing with the caller's.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`
 */
export function copied(path: string, value: unknown): unknown {
  // The codec has no -0.
  if (typeof value === 'number') return value + 0
  if (typeof value === 'string') return value
  requireCarriable(path, value)
  return decodeValue(encodeValue(value))
}

/**
 * Refuses what a message or the file could not hold. Later it is too late: the others have it already.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`
 */
function requireCarriable(path: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  encodeValue(value)
  try {
    encodeValue([[[[value]]]])
  } catch (cause) {
    const depth = String(valueDepthMax - levelsAround)
    const message = `The value of "${path}" is nested deeper than ${depth} levels; make several settings of it`
    throw new FoundationError('FND_MESSAGE_INVALID', message, { cause })
  }
}
