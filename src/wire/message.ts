/** Messages: a code byte and a body of a known shape. For all but the few hand-written hot ones. */
import { decodeValue, encodeValue } from './codec.ts'
import type { Shape } from './shapes.ts'

/** One kind of message. */
export interface Message<T> {
  readonly code: number
  /**
   * The whole payload: code byte and body.
   *
   * @throws {FoundationError} `FND_MESSAGE_INVALID`
   */
  encode(value: T): Buffer
  /**
   * The body, which begins after the code byte.
   *
   * @throws {FoundationError} `FND_FRAME_INVALID`, naming the field that is wrong.
   */
  decode(body: Uint8Array): T
}

/**
 * A kind of message. Fields the shape does not name are ignored, so a later version may add fields;
 * it may not change or remove one.
 */
export function message<T>(code: number, shape: Shape<T>): Message<T> {
  return {
    code,
    encode(value) {
      const payload = encodeValue(value, 1)
      payload[0] = code
      return payload
    },
    decode: (body) => shape.check(decodeValue(body), 'body'),
  }
}
