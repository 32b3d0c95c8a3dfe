/** Channels and topics: subscribe, publish, delivery, overflow. */
export type {
  BroadcastOptions,
  Delivery,
  DeliveryMeta,
  Gap,
  Handler,
  SubscribeOptions,
} from './delivery.ts'
export type { ChannelDoor, TypedTopic } from './doors.ts'
export {
  channelTable,
  pubsubDefaults,
  pubsubRules,
  type Channel,
  type ChannelOptions,
  type Overflow,
  type PubSubOptions,
} from './options.ts'
export type { PubSubDeps, PubSubNews, PubSubStats } from './port.ts'
export * from './pubsub.ts'
export type { BroadcastResult } from './sender.ts'
export type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.ts'
export type { Subscription, SubscriptionStream } from './subscription.ts'
export type { FoundationTopics, MessageOf } from './topics.ts'
export { matchesPattern, parsePattern, tokenProblem } from './topic.ts'
