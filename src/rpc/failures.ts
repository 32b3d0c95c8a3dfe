/** What crosses the wire of a call that failed, both ways. Pure. */
import {
  errorCodes,
  FoundationError,
  RemoteError,
  toError,
  type ErrorCode,
  type RemoteFailure,
} from '../kernel/index.ts'
import { object, optionalOf, string } from '../wire/index.ts'
import { replyOutcomes, type InboundReply } from './rpc-frames.ts'

const textMaxLength = 4_096
const textMaxBytes = 4 * textMaxLength

const failureShape = object({
  name: string(textMaxBytes),
  message: string(textMaxBytes),
  code: optionalOf(string(textMaxBytes)),
  stack: optionalOf(string(textMaxBytes)),
})
const refusalShape = object({ code: string(64), message: string(textMaxBytes) })

/** What is told of anything a handler threw; long texts are cut. Never throws itself. */
export function failureOf(thrown: unknown, withStack: boolean): RemoteFailure {
  try {
    const error: Error & { code?: unknown } = toError(thrown)
    const code = error.code === undefined ? undefined : { code: textOf(error.code) }
    const stack =
      withStack && error.stack !== undefined ? { stack: textOf(error.stack) } : undefined
    return { name: textOf(error.name), message: textOf(error.message), ...code, ...stack }
  } catch {
    return { name: 'Error', message: 'the handler threw something that cannot be described' }
  }
}

function textOf(value: unknown): string {
  return String(value).slice(0, textMaxLength)
}

/** What is told of a call the node itself refused. */
export function refusalOf(error: FoundationError): { code: ErrorCode; message: string } {
  return { code: error.code, message: textOf(error.message) }
}

/**
 * The value of a reply, or the error it stands for.
 *
 * @throws {RemoteError} the handler threw.
 * @throws {FoundationError} the other node refused the call, or `FND_FRAME_INVALID`.
 */
export function valueOfReply(node: string, reply: InboundReply): unknown {
  const value = reply.value()
  if (reply.outcome === replyOutcomes.value) return value
  if (reply.outcome === replyOutcomes.thrown) {
    throw new RemoteError(node, failureShape.check(value, 'failure'))
  }
  const { code, message } = refusalShape.check(value, 'refusal')
  const known = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'FND_REMOTE_FAILED'
  throw new FoundationError(known, `Node "${node}" refused the call: ${message}`, {
    details: { nodeName: node, code },
  })
}
