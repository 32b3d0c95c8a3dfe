/** The structures every part above stands on. Here: the owner log. */
export { Fences, type FencesDeps } from './fences.ts'
export { ownerLogDefaults, ownerLogRules, type OwnerLogOptions } from './options.ts'
export type { HeldEntry } from './held-entry.ts'
export type * from './log-state.ts'
export type { LogName } from './messages.ts'
export * from './owner-log.ts'
export type { ReplicaState } from './replica.ts'
export type { LogChange, LogListener } from './watchers.ts'
export {
  HybridClock,
  hybridClockDefaults,
  hybridClockRules,
  type HybridClockOptions,
} from './versioned-map/hybrid-clock.ts'
export {
  versionedMapDefaults,
  versionedMapRules,
  type VersionedMapOptions,
} from './versioned-map/map-options.ts'
export type {
  AcknowledgedOptions,
  MapChange,
  MapListener,
  MapSpace,
  Versioned,
} from './versioned-map/map-space.ts'
export {
  compareStamps,
  compareVersions,
  nextStamp,
  type Stamp,
  type Version,
  type VersionBase,
} from './versioned-map/version.ts'
export * from './versioned-map/versioned-map.ts'
