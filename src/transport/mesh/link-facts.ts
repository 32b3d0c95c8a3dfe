/** What a finished handshake says of the link it makes. */
import type { LinkInfo } from '../port/port.ts'
import type { Streams } from '../port/sequence.ts'

/** Plain facts of a link, and its counters. */
export interface LinkFacts {
  /** Chosen by the accepting side; class connections name it. */
  readonly id: string
  readonly info: LinkInfo
  readonly streams: Streams
}
