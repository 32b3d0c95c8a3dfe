/** Services behind names: who may call what, where calls wait, how they follow a move. */
export { lifecycleMethods } from './callable.ts'
export type { Locator, Whereabouts } from './call-lane.ts'
export type { Remote } from './remote.ts'
export { serviceNameMaxBytes } from './replies.ts'
export { ServiceCalls, type ServiceCallsDeps, type ServiceCallsOptions } from './service-calls.ts'
export {
  ServiceHost,
  type ServiceHostDeps,
  type ServiceHostOptions,
  type ServiceHostStats,
} from './service-host.ts'
