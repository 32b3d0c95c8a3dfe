/** The facade: `startNode` and what it gives. */
export * from './cluster-event.ts'
export { type WatchOptions } from './event-hub.ts'
export { FoundationNode, type NodePubSub, type NodeRpc } from './foundation-node.ts'
export { startNode, startNodeIn, type StartSurroundings } from './start-node.ts'
export { type NodeStatus } from './status.ts'
