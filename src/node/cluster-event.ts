/** What a node tells its user: one union, never an `'error'` event. */
import type { FoundationError } from '../kernel/index.ts'
import type { Member, MemberCause } from '../membership/index.ts'
import type { ChannelClass } from '../transport/index.ts'

/** What can happen to a member. */
export type MemberEventType =
  'member-up' | 'member-suspect' | 'member-alive' | 'member-down' | 'member-left'

/** One type a member event, so that a listener's argument is exactly its own. */
type MemberEvent = {
  [T in MemberEventType]: {
    readonly type: T
    readonly member: Member
    readonly cause?: MemberCause
  }
}[MemberEventType]

type ClassEvent = {
  [T in 'class-degraded' | 'class-restored']: {
    readonly type: T
    readonly member: string
    readonly class: ChannelClass
  }
}['class-degraded' | 'class-restored']

/** Something that happened in the cluster, as this node sees it. */
export type ClusterEvent =
  | MemberEvent
  /** A class lost, or has again, its own connection to a member that is otherwise up. */
  | ClassEvent
  /** `count` messages of `from` on a channel will never arrive. */
  | {
      readonly type: 'gap'
      readonly from: string
      readonly channel: string
      readonly count: number
    }
  /** A failure that follows nobody's call. */
  | { readonly type: 'trouble'; readonly error: FoundationError }

/** `type` of a {@link ClusterEvent}. */
export type ClusterEventType = ClusterEvent['type']

/** The event whose `type` is `T`. */
export type ClusterEventOf<T extends ClusterEventType> = Extract<ClusterEvent, { readonly type: T }>
