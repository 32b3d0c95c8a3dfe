/** What a call to a service asks, and what the node it reached may answer. */
import { errorCodes, FoundationError, type ErrorCode } from '../../kernel/index.ts'
import { array, object, string, unknownValue, type Shape } from '../../wire/index.ts'

/** Longest name of a registered service, in bytes of UTF-8. */
export const serviceNameMaxBytes = 255
const methodNameMaxBytes = 255
const argumentsMax = 64

/** A call of one method of the service behind a name. */
export interface ServiceCall {
  readonly name: string
  readonly method: string
  readonly args: readonly unknown[]
}

/** A call as it travels. */
export const serviceCallShape: Shape<ServiceCall> = object({
  name: string(serviceNameMaxBytes),
  method: string(methodNameMaxBytes),
  args: array(unknownValue(), argumentsMax),
})
/** What became of a call that reached a node. Only after `value` may the method have run. */
export type ServiceReply =
  | { readonly outcome: 'value'; readonly value: unknown }
  /** It did not run: the service is, or soon will be, on that node. */
  | { readonly outcome: 'moved'; readonly to: string }
  /** It did not run: the name is not served there. */
  | { readonly outcome: 'unknown' }
  /** It did not run, and would not elsewhere. */
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly message: string }

/** Short on the wire: every call pays for it. */
type PackedReply =
  readonly [0, unknown] | readonly [1, string] | readonly [2] | readonly [3, string, string]

export function packReply(reply: ServiceReply): PackedReply {
  switch (reply.outcome) {
    case 'value':
      return [0, reply.value]
    case 'moved':
      return [1, reply.to]
    case 'unknown':
      return [2]
    case 'refused':
      return [3, reply.code, reply.message]
  }
}

/** @throws {FoundationError} `FND_FRAME_INVALID` */
export function unpackReply(packed: unknown): ServiceReply {
  const [outcome, first, second] = Array.isArray(packed) ? (packed as unknown[]) : []
  if (outcome === 0) return { outcome: 'value', value: first }
  if (outcome === 1 && typeof first === 'string') return { outcome: 'moved', to: first }
  if (outcome === 2) return { outcome: 'unknown' }
  if (outcome === 3) return { outcome: 'refused', code: codeOf(first), message: String(second) }
  throw new FoundationError('FND_FRAME_INVALID', 'Reply of a service is not well formed')
}

/** A later version may know codes that this one does not. */
function codeOf(code: unknown): ErrorCode {
  const isKnown = typeof code === 'string' && Object.hasOwn(errorCodes, code)
  return isKnown ? (code as ErrorCode) : 'FND_REMOTE_FAILED'
}
