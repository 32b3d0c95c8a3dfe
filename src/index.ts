/** Foundation: several Node.js processes, one encrypted cluster. The root door. */
export type {
  GoneReason,
  LookupResult,
  PeerHint,
  PollStrategy,
  PushStrategy,
  StrategyContext,
  StrategyDefinition,
  StrategyEvent,
  Topology,
} from './discovery/index.ts'
export type {
  Commit,
  ConfigChange,
  ConfigPath,
  ConfigSubscription,
  HistoryEntry,
  Transaction,
  ValidationContext,
  Validator,
} from './config/index.ts'
export type {
  EmitOptions,
  EventDataOf,
  EventQuery,
  FoundationEvent,
  FoundationEvents,
} from './events/index.ts'
export {
  currentTrace,
  errorCodes,
  FoundationError,
  isFoundationError,
  RemoteError,
  runInTrace,
  type ErrorCode,
  type Log,
  type TraceContext,
  type WaitOptions,
} from './kernel/index.ts'
export type { Member, MemberCause, MemberStatus } from './membership/index.ts'
export * from './node/index.ts'
export type {
  BroadcastOptions,
  BroadcastResult,
  ChannelOptions,
  Delivery,
  DeliveryMeta,
  FoundationTopics,
  SubscribeOptions,
  Subscription,
  SubscriptionStream,
} from './pubsub/index.ts'
export type {
  DispatchOutcome,
  Entry,
  GroupMember,
  GroupMembership,
  NameEvent,
  NameFilter,
  RegisterOptions,
  Registration,
  RegistryOptions,
  Remote,
  Token,
} from './registry/index.ts'
export type { CallOptions, CallOutcome, MulticallOptions, RpcContext } from './rpc/index.ts'
export type { Endpoint, SimpleCluster, StartOptions } from './setup/index.ts'
export type {
  Child,
  ChildCounts,
  ChildFilter,
  ChildInfo,
  ChildSpecInput,
  ChildState,
  PlacementExplanation,
  PlacementPolicy,
  PlacementQuestion,
  RestartPolicy,
  ServiceClass,
  ServiceClasses,
  ServiceContext,
  ServiceLifecycle,
  StartChildInput,
  StartReason,
  StopReason,
  SupervisorOptions,
} from './supervisor/index.ts'
export type { ChannelClass, Transport, TransportEngine } from './transport/index.ts'
