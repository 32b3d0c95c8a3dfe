/** The facade: `startNode` and what it gives. */
export { getNode, startAutoNode } from './auto-node.ts'
export * from './cluster-event.ts'
export { type WatchOptions } from './event-hub.ts'
export {
  FoundationNode,
  type NodeConfig,
  type NodeEvents,
  type NodePubSub,
  type NodeRegistry,
  type NodeRpc,
} from './foundation-node.ts'
export {
  resolveOptions,
  resolveOptionsIn,
  type ResolvedOption,
  type ResolvedOptions,
} from './resolve-options.ts'
export { startNode, startNodeIn, type StartSurroundings } from './start-node.ts'
export { statusHandler, type NodeStatus } from './status.ts'
