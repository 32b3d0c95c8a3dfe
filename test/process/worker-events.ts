/** The events of a worker's node as plain data for its test. */
import { subscribe } from 'node:diagnostics_channel'
import type { ClusterEvent, FoundationNode } from '../../src/index.ts'
import type { TelemetryRecord } from '../../src/kernel/index.ts'
import type { WorkerEvent } from './orders.ts'

/** Gives every event of a node, in order; and the end of each link, which is telemetry. */
export function forwardEvents(node: FoundationNode, give: (event: WorkerEvent) => void): void {
  const types = [
    'member-up',
    'member-suspect',
    'member-alive',
    'member-down',
    'member-left',
    'class-degraded',
    'class-restored',
    'gap',
    'trouble',
  ] as const
  for (const type of types) {
    node.on(type, (event: ClusterEvent) => {
      give(plain(event))
    })
  }
  subscribe('foundation.transport.link.down', (record) => {
    const { peer, reason } = (record as TelemetryRecord).metadata
    give({ type: 'link-down', member: String(peer), reason: String(reason) })
  })
}

function plain(event: ClusterEvent): WorkerEvent {
  const { type } = event
  if (type === 'gap')
    return { type, member: event.from, channel: event.channel, count: event.count }
  if (type === 'class-degraded' || type === 'class-restored') {
    return { type, member: event.member, channel: event.class }
  }
  if (type === 'trouble') {
    const { code, message } = event.error
    return { type, failure: { code, message } }
  }
  if (type === 'name-conflict') return { type, member: event.winner.node }
  if (!('member' in event)) return { type }
  const { name: member, incarnation } = event.member
  return { type, member, incarnation, cause: event.cause }
}
