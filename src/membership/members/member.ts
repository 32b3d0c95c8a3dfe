/** What a member is and what membership tells of it. */
import type { FoundationError } from '../../kernel/index.ts'

/**
 * The role of a looker-on, such as the command line: a member of the cluster that takes no part in
 * its work. Never waited for, never asked to decide, never given anything to run.
 */
export const observerRole = 'observer'

/** How this node sees a member. Each node has its own view; none is the truth. */
export type MemberStatus =
  | 'alive' // heard of late, or its link was lost a moment ago
  | 'suspect' // silent for longer than `suspectAfterMs`; still a member
  | 'down' // a failure verdict; the same incarnation may come back
  | 'left' // it said so; this incarnation never comes back

/** Why a member has its status. */
export type MemberCause =
  | 'left' // it announced its leave
  | 'crashed' // its address refuses dials: the process is gone
  | 'stopped' // it closed its links in order, without a leave, and its address refuses dials
  | 'unreachable' // silent for longer than `downAfterMs`, to us and to those we asked
  | 'replaced' // a new incarnation has its name
  | 'disconnected' // `disconnect` was called, here or there
  | 'quarantined' // it came and went too often; kept out for a while
  | 'silent' // suspect: nothing heard from it
  | 'indirect' // suspect: silent to us, but another member reaches it

/** A node of the cluster as seen from this one. */
export interface Member {
  readonly name: string
  /** Differs for each start of the node. */
  readonly incarnation: string
  readonly status: MemberStatus
  /** Where it can be dialled, "host:port", best first. */
  readonly addresses: readonly string[]
  readonly roles: readonly string[]
  readonly meta: Readonly<Record<string, unknown>>
  /** Smoothed round trip; absent without a link. */
  readonly rttMs?: number
  /** How it became known: topology names, `introduced`, `inbound`, `by hand`. */
  readonly provenance: readonly string[]
  /** Present unless the status is `alive`. */
  readonly cause?: MemberCause
  readonly isSelf: boolean
}

/** News of membership, in order; between `member-up` and `member-down` or `member-left` a member is in. */
export type MembershipEvent =
  | {
      readonly type: 'member-up' | 'member-suspect' | 'member-alive' | 'member-down' | 'member-left'
      readonly member: Member
      readonly cause?: MemberCause
    }
  /** A failure that follows nobody's call. */
  | { readonly type: 'trouble'; readonly error: FoundationError }
