/** What the cluster looks like from one node, how well that node is, and what heals by itself. */
export type { HealingAction, Remedies, Remedy } from './healing/healer.ts'
export type { HealingDecision } from './healing/rule.ts'
export type { Health, HealthStatus } from './vitals/health-status.ts'
export type { MonitorEvents, MonitorEventType, TopologyChange } from './listeners.ts'
export type { MemberChange, MemberNews } from './member-history.ts'
export type { MissingEdge } from './missing-edges.ts'
export * from './monitor.ts'
export * from './options.ts'
export type { ChildView, ClusterView, MonitorDeps } from './port.ts'
export type { ClusterSnapshot, NodeVitals } from './snapshot.ts'
export {
  idleVitals,
  type ProcessVitals,
  type VitalSigns,
  type VitalsSource,
} from './vitals/vital-signs.ts'
