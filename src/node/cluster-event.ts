/** What a node tells its user: one union, never an `'error'` event. */
import type { FoundationError } from '../kernel/index.ts'
import type { Member, MemberCause } from '../membership/index.ts'
import type { ChannelClass } from '../transport/index.ts'

/** Something that happened in the cluster, as this node sees it. */
export type ClusterEvent =
  | {
      readonly type: 'member-up' | 'member-suspect' | 'member-alive' | 'member-down' | 'member-left'
      readonly member: Member
      readonly cause?: MemberCause
    }
  /** `count` messages of `from` on a channel will never arrive. */
  | {
      readonly type: 'gap'
      readonly from: string
      readonly channel: string
      readonly count: number
    }
  /** A class lost, or has again, its own connection to a member that is otherwise up. */
  | {
      readonly type: 'class-degraded' | 'class-restored'
      readonly member: string
      readonly class: ChannelClass
    }
  /** A failure that follows nobody's call. */
  | { readonly type: 'trouble'; readonly error: FoundationError }

/** `type` of a {@link ClusterEvent}. */
export type ClusterEventType = ClusterEvent['type']

/** The event whose `type` is `T`. */
export type ClusterEventOf<T extends ClusterEventType> = Extract<ClusterEvent, { readonly type: T }>
