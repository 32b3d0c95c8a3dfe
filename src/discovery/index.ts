/** Discovery: who might be out there. Strategies know `port/` only. */
export { formatAddress, parseAddress, type HostPort } from './port/address.ts'
export { findStrategy, strategies, strategyNames } from './catalogue.ts'
export * from './discovery.ts'
export * from './discovery-deps.ts'
export * from './events.ts'
export { checkHint, checkLookup, type CheckedLookup } from './hints.ts'
export type { ConnectTarget, HookAnswer, HookResult, Hooks } from './hooks.ts'
export * from './libcluster.ts'
export * from './port/port.ts'
export * from './port/mdns-port.ts'
export * from './port/ports.ts'
export { systemPorts } from './ports/system-ports.ts'
export { shownConfig } from './shown-config.ts'
export type { PeerStatus, TopologyStatus } from './topology-status.ts'
export {
  sharedPortNeeded,
  resolveTopology,
  type ResolvedTopology,
  type Topology,
} from './topology.ts'
export { explainTopology, type TopologyExplained } from './topology-explained.ts'
