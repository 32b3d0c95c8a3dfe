/**
 * Memory for the bytes of messages. A large Buffer is a small object with its bytes outside the
 * heap. The young collection that would free them takes a fraction of a millisecond, but waits
 * until objects fill the young heap; long before that the bytes outside reach the limit of a small
 * heap and ask for a full collection of 5 to 15 ms, many times a second under bulk. So each large
 * Buffer comes with as much short-lived heap as it has bytes outside: young collections come in
 * time, and the full ones stay away.
 *
 * @source measured, docs/decisions/0070-young-collections-in-time.md
 */

/** Smaller messages have enough objects of their own. */
const largeMinBytes = 4_096
const ballastBytes = 32 * 1024

let owedBytes = 0
/** The latest ballast is kept so that no compiler leaves it out; the one before is garbage. */
const kept: { ballast: unknown } = { ballast: undefined }

/** Uninitialised bytes; from {@link largeMinBytes} on they share their memory with nothing else. */
export function allocateMemory(bytes: number): Buffer {
  if (bytes < largeMinBytes) return Buffer.allocUnsafe(bytes)
  owedBytes += bytes
  while (owedBytes >= ballastBytes) {
    owedBytes -= ballastBytes
    kept.ballast = new Array<unknown>(ballastBytes / 8)
  }
  return Buffer.allocUnsafeSlow(bytes)
}
