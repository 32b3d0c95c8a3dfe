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
export {
  errorCodes,
  FoundationError,
  isFoundationError,
  RemoteError,
  type ErrorCode,
  type Log,
  type WaitOptions,
} from './kernel/index.ts'
export type { Member, MemberCause, MemberStatus } from './membership/index.ts'
export * from './node/index.ts'
export type {
  BroadcastResult,
  ChannelOptions,
  Delivery,
  DeliveryMeta,
  FoundationTopics,
  SubscribeOptions,
  Subscription,
  SubscriptionStream,
} from './pubsub/index.ts'
export type { CallOptions, CallOutcome, MulticallOptions, RpcContext } from './rpc/index.ts'
export type { Endpoint, SimpleCluster, StartOptions } from './setup/index.ts'
export type { ChannelClass, Transport, TransportEngine } from './transport/index.ts'
