/**
 * Bytes seen another way. A DataView reads and writes numbers in a fraction of the time the methods
 * of Buffer take, but to make one for each message would cost more than that saves.
 */

let memory: ArrayBufferLike = new ArrayBuffer(0)
let view: DataView = new DataView(memory)

/** The bytes with the methods of a Buffer; not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** ES2024; not in every Node this runs on. */
interface Transferable {
  transfer?: (newBytes: number) => ArrayBuffer
}

/**
 * Gives the memory of bytes back at once, where the runtime can, if they are all of it. Memory that
 * waits for the garbage collector counts against a small heap and asks for full collections. The
 * bytes, and every view of them, are empty afterwards.
 */
export function releaseMemory({ buffer, byteLength }: Uint8Array): void {
  if (byteLength === buffer.byteLength) (buffer as Transferable).transfer?.(0)
}

/** A view of all the memory some bytes lie in, the same one for bytes of one received chunk. */
export function memoryViewOf(bytes: Uint8Array): DataView {
  const { buffer } = bytes
  if (buffer !== memory) {
    memory = buffer
    view = new DataView(buffer)
  }
  return view
}
