/** Typed arrays the codec carries: their numbers on the wire are their places in one list. */

/** What all kinds have in common: made over memory. `ArrayBuffer` itself is never made that way. */
interface BinaryType {
  readonly prototype: object
  readonly BYTES_PER_ELEMENT?: number
  new (memory: ArrayBuffer): ArrayBufferView
}

/** Kinds of binary data beside plain bytes, which are msgpack's own `bin`. Only ever appended to. */
export const typedArrayKinds: readonly BinaryType[] = [
  ArrayBuffer as unknown as BinaryType,
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]

/**
 * A typed array of its own memory over a copy of `raw`, or nothing when the kind is not known or
 * the bytes are no whole number of elements. Elements are little-endian, as in the memory of every
 * machine Node runs well on.
 */
export function typedArrayOf(
  kind: number,
  raw: Uint8Array,
): ArrayBuffer | ArrayBufferView | undefined {
  const type = typedArrayKinds[kind]
  if (!type) return undefined
  const memory = new Uint8Array(raw).buffer
  if (kind === 0) return memory
  if (memory.byteLength % (type.BYTES_PER_ELEMENT ?? 1) !== 0) return undefined
  return new type(memory)
}
