/** What a node tells its user: one union, never an `'error'` event. */
import type { ConfigNews } from '../config/index.ts'
import type { FoundationError } from '../kernel/index.ts'
import type { Member, MemberCause } from '../membership/index.ts'
import type { NameConflict } from '../registry/index.ts'
import type { SupervisorNews } from '../supervisor/index.ts'
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
  /** A setting was changed, lost against another, or cannot be decided. */
  | Exclude<ConfigNews, { readonly type: 'trouble' }>
  /** `count` messages of `from` on a channel will never arrive. */
  | {
      readonly type: 'gap'
      readonly from: string
      readonly channel: string
      readonly count: number
    }
  /** Two owners of one name have met, after a partition. The loser's node takes it back by itself. */
  | ({ readonly type: 'name-conflict' } & NameConflict)
  /** A child runs on another node, or has failed for good. */
  | Exclude<SupervisorNews, { readonly type: 'trouble' }>
  /** A failure that follows nobody's call. */
  | { readonly type: 'trouble'; readonly error: FoundationError }

/** `type` of a {@link ClusterEvent}. */
export type ClusterEventType = ClusterEvent['type']

/** Every {@link ClusterEventType}; the compiler sees that none is missing. */
export const clusterEventTypes: Readonly<Record<ClusterEventType, true>> = {
  'member-up': true,
  'member-suspect': true,
  'member-alive': true,
  'member-down': true,
  'member-left': true,
  'class-degraded': true,
  'class-restored': true,
  'config-changed': true,
  'config-conflict': true,
  'config-in-doubt': true,
  gap: true,
  'name-conflict': true,
  'child-moved': true,
  'child-failed': true,
  trouble: true,
}

/** The event whose `type` is `T`. */
export type ClusterEventOf<T extends ClusterEventType> = Extract<ClusterEvent, { readonly type: T }>
