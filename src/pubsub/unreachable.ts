/** The error of a message for one node that is not there. */
import { FoundationError } from '../kernel/index.ts'

/** `FND_NODE_UNKNOWN`: no such node is connected; `FND_NODE_DOWN`: its link ended meanwhile. */
export function unreachable(
  code: 'FND_NODE_UNKNOWN' | 'FND_NODE_DOWN',
  nodeName: string,
): FoundationError {
  const problem =
    code === 'FND_NODE_UNKNOWN'
      ? 'is not connected to this one; node.members() lists those that are'
      : 'has gone meanwhile; it may not have got the message'
  return new FoundationError(code, `Node "${nodeName}" ${problem}`, { details: { nodeName } })
}
