/** The structures every part above stands on. Here: the owner log. */
export { ownerLogDefaults, ownerLogRules, type OwnerLogOptions } from './options.ts'
export * from './owner-log.ts'
export type { ReplicaState } from './replica.ts'
export type { LogChange, LogListener } from './watchers.ts'
