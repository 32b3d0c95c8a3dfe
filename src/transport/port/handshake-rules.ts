/** What two nodes go by when they become linked, whichever engine carries the words. Pure. */
import {
  commonVersion,
  noCommonVersion,
  type Speaker,
  type VersionRange,
} from '../../wire/index.ts'
import { objectionOf, type Objection } from './dial-errors.ts'
import type { NodeIdentity } from './port.ts'

/** One of two nodes that are about to be linked. */
export interface Party {
  readonly identity: NodeIdentity
  readonly protocol: VersionRange
}

/**
 * Whether the two may be linked at all; both sides ask this of the other. Two nodes of one name are
 * for admission to judge.
 *
 * @returns the version they speak, or why they do not.
 */
export function screen(self: Party, peer: Party): number | Objection {
  const [mine, theirs] = [self.identity, peer.identity]
  if (theirs.cluster !== mine.cluster) {
    const why = `node "${theirs.name}" belongs to cluster "${theirs.cluster}", not "${mine.cluster}"`
    return { reason: 'cluster_mismatch', why: `${why}; give both nodes the same app` }
  }
  if (theirs.name === mine.name && theirs.incarnation === mine.incarnation) {
    return objectionOf('self')
  }
  const protocol = commonVersion(self.protocol, peer.protocol)
  if (protocol !== undefined) return protocol
  return { reason: 'version', why: noCommonVersion(speakerOf(self), speakerOf(peer)) }
}

function speakerOf({ identity, protocol }: Party): Speaker {
  return { name: identity.name, protocol }
}

/** True when, of two nodes that dial each other at once, the dial of `a` is the one that stays. */
export function dialStays(a: string, b: string): boolean {
  return a < b
}

/** The epoch of a link that is being made: later than that of any link either side knows of. */
export function nextEpoch(ours: number, theirs: number): number {
  return Math.max(ours, theirs) + 1
}

/**
 * Whether a newer link came up while the last word on this one was under way. It must not come up
 * any more: going back would replay streams.
 *
 * @param latest the epoch of the latest link with that incarnation.
 */
export function isOvertaken(epoch: number, latest: number): boolean {
  return epoch <= latest
}
