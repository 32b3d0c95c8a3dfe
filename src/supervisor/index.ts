/** Children: placed on nodes, restarted when they fail, moved when nodes leave. */
export type { ChildCounts, ChildFilter, ChildInfo, ChildState } from './children.ts'
export type { ChildSpec, ChildSpecInput, RestartPolicy } from './core/child-spec.ts'
export type { ExplainedCandidate, PlacementExplanation } from './explanation.ts'
export type { SupervisorNews } from './news.ts'
export { supervisorDefaults, supervisorRules, type SupervisorOptions } from './options.ts'
export type { SupervisorDeps } from './parts.ts'
export type { Candidate, Ineligibility } from './placement/candidates.ts'
export type { PlacementPolicy, PlacementQuestion } from './placement/placement.ts'
export type {
  ServiceClass,
  ServiceClasses,
  ServiceContext,
  ServiceLifecycle,
  StartReason,
  StopReason,
} from './core/service-class.ts'
export {
  Supervisor,
  type Child,
  type NamedChildInput,
  type StartChildInput,
  type SupervisorStatus,
} from './supervisor.ts'
