/** Who is in the cluster: member table, failure detection, introduction, leave. Opens no sockets. */
export type { ConnectOptions } from './dialer.ts'
export * from './member.ts'
export * from './membership.ts'
export type { MembershipDeps } from './membership-deps.ts'
export * from './options.ts'
export type { ReadyOptions } from './readiness.ts'
export type { MembershipStatus, TargetStatus } from './status.ts'
