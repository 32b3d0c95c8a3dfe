/** What is told of one link to whom the engine works for. */
import { toError, type Log } from '../../kernel/index.ts'
import type { LinkInfo, TransportHandlers } from '../port/port.ts'
import type { Lane } from './lane.ts'

/** Whom it tells. */
export interface LinkNewsDeps {
  readonly handlers: TransportHandlers
  readonly log: Log
}

/** One a link. */
export class LinkNews {
  readonly #deps: LinkNewsDeps
  readonly #info: LinkInfo

  constructor(deps: LinkNewsDeps, info: LinkInfo) {
    this.#deps = deps
    this.#info = info
  }

  /** A payload came. One that cannot be handled harms neither the link nor the next. */
  payload(lane: Lane, sequence: number, payload: Uint8Array): void {
    const { peer, epoch } = this.#info
    const from = peer.name
    try {
      this.#deps.handlers.frame({ from, class: lane.channelClass, epoch, sequence, payload })
    } catch (thrown) {
      this.#deps.log.error({ from, error: toError(thrown) }, 'handling a payload failed')
    }
  }

  /** So many payloads will never come. */
  gap(lane: Lane, count: number): void {
    this.#deps.handlers.gap(this.#info.peer.name, lane.channelClass, count)
  }

  degraded(lane: Lane): void {
    this.#deps.handlers.classDegraded(this.#info.peer.name, lane.channelClass)
  }

  restored(lane: Lane): void {
    this.#deps.handlers.classRestored(this.#info.peer.name, lane.channelClass)
  }
}
