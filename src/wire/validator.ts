/**
 * One pass over the bytes of a value before anything is made of them. What it accepts the decoder
 * can read with a bounded stack, and with memory in proportion to the bytes.
 */
import { isUtf8 } from 'node:buffer'
import { FoundationError } from '../kernel/index.ts'
import { extensionTypes, valueDepthMax, valueKeyMaxBytes } from './codes.ts'

/** Bytes of a scalar with its token; 0 where the token is no scalar. */
const scalarBytes = new Uint8Array(256)
for (const token of [0xc0, 0xc2, 0xc3]) scalarBytes[token] = 1
for (const token of [0xcc, 0xd0]) scalarBytes[token] = 2
for (const token of [0xcd, 0xd1]) scalarBytes[token] = 3
for (const token of [0xca, 0xce, 0xd2]) scalarBytes[token] = 5
for (const token of [0xcb, 0xcf, 0xd3]) scalarBytes[token] = 9

/** What the payload of an extension is. */
const payloads = new Map<number, 'parts' | 'pairs' | 'opaque'>([
  [extensionTypes.map, 'pairs'],
  [extensionTypes.set, 'parts'],
  [extensionTypes.error, 'parts'],
  [extensionTypes.date, 'opaque'],
  [extensionTypes.bigint, 'opaque'],
  [extensionTypes.typedArray, 'opaque'],
  [extensionTypes.text, 'opaque'],
])

/**
 * Accepts exactly one msgpack value and nothing after it: at most {@link valueDepthMax} containers
 * deep, no container with more elements than bytes remain, keys of objects well-formed strings of
 * at most {@link valueKeyMaxBytes} and not `__proto__`, strings well-formed UTF-8 without a leading
 * byte order mark, no extension but ours (and `undefined`, as `d4 00 00`).
 *
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function validateValue(bytes: Uint8Array): void {
  const scan = new Scan(bytes)
  scan.value(0)
  scan.expectEnd()
}

class Scan {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw bad('has bytes after its end')
  }

  value(depth: number): void {
    const token = this.#bytes[this.#at]
    if (token === undefined) throw bad('ends too early')
    if (token < 0x80 || token >= 0xe0) this.#at += 1
    else if (token < 0x90) this.#map(1, token - 0x80, depth)
    else if (token < 0xa0) this.#array(1, token - 0x90, depth)
    else if (token < 0xc0) this.#text(1, token - 0xa0)
    else this.#longValue(token, depth)
  }

  #longValue(token: number, depth: number): void {
    const scalar = scalarBytes[token] ?? 0
    if (scalar > 0) this.#skip(scalar)
    else if (token >= 0xd9) this.#sized(token, depth)
    else if (token >= 0xc7) this.#extension(token, depth)
    else if (token >= 0xc4)
      this.#skip(1 + (1 << (token - 0xc4)) + this.#length(1 << (token - 0xc4)))
    else throw bad('uses a token that means nothing')
  }

  /** str 8 to 32, array 16 and 32, map 16 and 32. */
  #sized(token: number, depth: number): void {
    if (token < 0xdc) {
      const lengthBytes = 1 << (token - 0xd9)
      this.#text(1 + lengthBytes, this.#length(lengthBytes))
      return
    }
    const lengthBytes = token % 2 === 0 ? 2 : 4
    const count = this.#length(lengthBytes)
    if (token < 0xde) this.#array(1 + lengthBytes, count, depth)
    else this.#map(1 + lengthBytes, count, depth)
  }

  #array(headerBytes: number, count: number, depth: number): void {
    this.#open(headerBytes, count, depth)
    for (let index = 0; index < count; index++) this.value(depth + 1)
  }

  #map(headerBytes: number, count: number, depth: number): void {
    this.#open(headerBytes, count * 2, depth)
    for (let index = 0; index < count; index++) {
      this.#key()
      this.value(depth + 1)
    }
  }

  /** Refused before any element is looked at: each takes at least one byte. */
  #open(headerBytes: number, elements: number, depth: number): void {
    if (depth >= valueDepthMax) throw bad(`is nested deeper than ${String(valueDepthMax)} levels`)
    this.#skip(headerBytes)
    if (elements > this.#bytes.length - this.#at) throw bad('announces more elements than it has')
  }

  #key(): void {
    const token = this.#bytes[this.#at] ?? 0
    const start = this.#at
    if (token >= 0xa0 && token < 0xc0) {
      this.#text(1, token - 0xa0)
      if (token === 0xa9 && this.#isProto(start + 1)) throw bad('has the key __proto__')
    } else if (token >= 0xd9 && token <= 0xda) {
      this.#longKey(token)
    } else {
      throw bad('has a key that is not a string')
    }
  }

  /** Longer forms of a short key are refused, so that `__proto__` has one spelling. */
  #longKey(token: number): void {
    const lengthBytes = token - 0xd8
    const length = this.#length(lengthBytes)
    if (length < 0x20 || length > valueKeyMaxBytes) throw bad('has a key of a length not allowed')
    this.#text(1 + lengthBytes, length)
  }

  #isProto(at: number): boolean {
    const bytes = this.#bytes
    return bytes[at] === 0x5f && Buffer.from(bytes.subarray(at, at + 9)).toString() === '__proto__'
  }

  #text(headerBytes: number, length: number): void {
    const start = this.#at + headerBytes
    this.#skip(headerBytes + length)
    const bytes = this.#bytes
    const end = this.#at
    for (let at = start; at < end; at++) {
      if ((bytes[at] ?? 0) < 0x80) continue
      this.#wideText(start)
      return
    }
  }

  #wideText(start: number): void {
    const text = this.#bytes.subarray(start, this.#at)
    if (!isUtf8(text)) throw bad('holds text that is not UTF-8')
    if (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf) {
      throw bad('holds text that begins with a byte order mark')
    }
  }

  #extension(token: number, depth: number): void {
    if (token === 0xd4) {
      this.#undefined()
      return
    }
    if (token > 0xc9) throw bad('uses an extension nobody defined')
    const lengthBytes = 1 << (token - 0xc7)
    const length = this.#length(lengthBytes)
    const kind = payloads.get(this.#bytes[this.#at + 1 + lengthBytes] ?? 0)
    const start = this.#at + 2 + lengthBytes
    this.#skip(2 + lengthBytes + length)
    if (kind === undefined) throw bad('uses an extension nobody defined')
    if (kind !== 'opaque') this.#payload(this.#bytes.subarray(start, this.#at), kind, depth)
  }

  #payload(payload: Uint8Array, kind: 'parts' | 'pairs', depth: number): void {
    const inner = new Scan(payload)
    if (!inner.#startsArray(kind)) throw bad('holds a malformed extension')
    inner.value(depth)
    inner.expectEnd()
  }

  #startsArray(kind: 'parts' | 'pairs'): boolean {
    const token = this.#bytes[0] ?? 0
    const short = token >= 0x90 && token < 0xa0
    if (!short && token !== 0xdc && token !== 0xdd) return false
    const count = short ? token - 0x90 : this.#length(token === 0xdc ? 2 : 4)
    return kind === 'parts' || count % 2 === 0
  }

  #undefined(): void {
    const zeroes = this.#bytes[this.#at + 1] === 0 && this.#bytes[this.#at + 2] === 0
    if (!zeroes) throw bad('uses an extension nobody defined')
    this.#skip(3)
  }

  /** The big-endian number of 1, 2 or 4 bytes behind the token. */
  #length(lengthBytes: number): number {
    const first = this.#at + 1
    if (first + lengthBytes > this.#bytes.length) throw bad('ends too early')
    let length = 0
    for (let at = first; at < first + lengthBytes; at++)
      length = length * 256 + (this.#bytes[at] ?? 0)
    return length
  }

  #skip(count: number): void {
    this.#at += count
    if (this.#at > this.#bytes.length) throw bad('ends too early')
  }
}

function bad(problem: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Value ${problem}`)
}
