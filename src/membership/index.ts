/** Who is in the cluster: member table, failure detection, introduction, leave. Opens no sockets. */
export type { ConnectOptions } from './dialing/dialer.ts'
export * from './members/member.ts'
export * from './membership.ts'
export type { MembershipDeps } from './membership-deps.ts'
export * from './options.ts'
export type { ReadyOptions } from './members/readiness.ts'
export type { MembershipStatus, TargetStatus } from './status.ts'
