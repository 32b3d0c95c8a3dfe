/** `foundation-ts/discovery`: what somebody needs who writes a strategy or topologies. */
export { findStrategy, strategies, strategyNames } from './catalogue.ts'
export type { ConnectTarget, HookResult, Hooks } from './hooks.ts'
export { formatAddress, parseAddress, type HostPort } from './port/address.ts'
export * from './port/port.ts'
export * from './port/ports.ts'
export { explainTopology, type TopologyExplained } from './topology-explained.ts'
export type { Topology } from './topology.ts'
