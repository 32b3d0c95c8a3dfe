/** What of the news of a link whoever the engine works for hears. */
import type { TransportHandlers } from '../port/port.ts'
import type { LinkNews } from './link-end.ts'

/** Calls the handlers later, in order; not at all when the transport does not run any more. */
export type Tell = (call: (handlers: TransportHandlers) => void) => void

/** What of the news handlers are told as it is. */
export function newsFor(tell: Tell): Omit<LinkNews, 'confirmed' | 'down'> {
  return {
    frame: ({ info }, channelClass, { sequence, payload }) => {
      const { peer, epoch } = info
      tell((handlers) => {
        handlers.frame({ from: peer.name, class: channelClass, epoch, sequence, payload })
      })
    },
    gap: ({ info }, channelClass, count) => {
      tell((handlers) => {
        handlers.gap(info.peer.name, channelClass, count)
      })
    },
    degraded: ({ info }, channelClass) => {
      tell((handlers) => {
        handlers.classDegraded(info.peer.name, channelClass)
      })
    },
    restored: ({ info }, channelClass) => {
      tell((handlers) => {
        handlers.classRestored(info.peer.name, channelClass)
      })
    },
  }
}
