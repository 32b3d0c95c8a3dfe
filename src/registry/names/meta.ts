/** Metadata of a name or a member of a group: small plain data that every node keeps. */
import { FoundationError } from '../../kernel/index.ts'
import { encodeValue } from '../../wire/index.ts'

/** @throws {FoundationError} `FND_MESSAGE_INVALID`, `FND_MESSAGE_TOO_LARGE` */
export function checkMeta(meta: unknown, metaMaxBytes: number): void {
  if (meta === undefined) return
  const { length } = encodeValue(meta)
  if (length <= metaMaxBytes) return
  const message = `Metadata of ${String(length)} bytes; at most ${String(metaMaxBytes)} are allowed`
  throw new FoundationError('FND_MESSAGE_TOO_LARGE', message)
}
