/** Handlers that cannot throw into the engine: a bug above must not break a link. */
import { toError, type Log } from '../../kernel/index.ts'
import type { TransportHandlers } from '../port/port.ts'

/** The same handlers; what they throw is logged. `frame` and `admit` are guarded by their callers. */
export function guarded(handlers: TransportHandlers, log: Log): TransportHandlers {
  const guard =
    <A extends unknown[]>(call: (...args: A) => void) =>
    (...args: A): void => {
      try {
        call(...args)
      } catch (thrown) {
        log.error({ error: toError(thrown) }, 'handling news of the transport failed')
      }
    }
  return {
    admit: (peer) => handlers.admit(peer),
    frame: (inbound) => {
      handlers.frame(inbound)
    },
    linkUp: guard((link) => {
      handlers.linkUp(link)
    }),
    linkDown: guard((link, reason) => {
      handlers.linkDown(link, reason)
    }),
    classDegraded: guard((peer, channelClass) => {
      handlers.classDegraded(peer, channelClass)
    }),
    classRestored: guard((peer, channelClass) => {
      handlers.classRestored(peer, channelClass)
    }),
    gap: guard((peer, channelClass, count) => {
      handlers.gap(peer, channelClass, count)
    }),
    refused: guard((report) => {
      handlers.refused(report)
    }),
  }
}
