/** What a node can be asked for, as metrics: one list for every metrics system. */
import type { FoundationNode } from '../node/index.ts'

/** What a node is read through. */
export type ReadableNode = Pick<FoundationNode, 'name' | 'monitor' | 'status'>

/** Words that tell values of one metric apart. */
export type Labels = Readonly<Record<string, string>>

/** One metric with its values now. */
export interface Reading {
  /** Words with underscores, without prefix and unit: `link_rtt`. */
  readonly name: string
  readonly meaning: string
  /** A counter only grows while the node lives. */
  readonly kind: 'gauge' | 'counter'
  /** Of the values; `none` is a plain number. */
  readonly unit: 'seconds' | 'bytes' | 'none'
  readonly values: readonly (readonly [labels: Labels, value: number])[]
}

type Snapshot = ReturnType<ReadableNode['monitor']['snapshot']>
type Status = ReturnType<ReadableNode['status']>

/** Reads everything at once. */
export function readingsOf(node: ReadableNode): Reading[] {
  const snapshot = node.monitor.snapshot()
  const status = node.status()
  return [
    ...memberReadings(snapshot),
    ...processReadings(snapshot),
    ...linkReadings(snapshot),
    ...topologyReadings(snapshot),
    ...trafficReadings(status),
  ]
}

const memberStatuses = ['alive', 'suspect', 'down', 'left'] as const
const healthStatuses = ['healthy', 'degraded', 'unhealthy'] as const

function memberReadings({ members, health, healing, missingEdges }: Snapshot): Reading[] {
  const byStatus = memberStatuses.map((status) => {
    const count = members.filter((member) => member.status === status).length
    return [{ status }, count] as const
  })
  const byHealth = healthStatuses.map(
    (status) => [{ status }, Number(health.status === status)] as const,
  )
  return [
    gauge('members', 'Members as this node sees them, itself included.', byStatus),
    gauge('health', '1 for the health status this node has.', byHealth),
    plain('quarantined_members', 'Members kept out for a while.', healing.quarantined.length),
    plain('missing_edges', 'Links that others have and this node lacks.', missingEdges.length),
  ]
}

const unmeasured = {
  eventLoop: { p99Ms: 0 },
  memory: { rssBytes: 0, heapUsedBytes: 0 },
  ...{ names: 0, children: 0 },
}

function processReadings({ node, nodes, config }: Snapshot): Reading[] {
  const { eventLoop, memory, names, children } = nodes[node] ?? unmeasured
  const delay = plain(
    'event_loop_delay_p99',
    'Event loop delay, p99 of a few seconds.',
    seconds(eventLoop.p99Ms),
  )
  const rss = plain('process_rss', 'Resident memory.', memory.rssBytes)
  const heap = plain('process_heap_used', 'JavaScript heap in use.', memory.heapUsedBytes)
  const diverged = config.diverged.length
  return [
    { ...delay, unit: 'seconds' },
    { ...rss, unit: 'bytes' },
    { ...heap, unit: 'bytes' },
    plain('names', 'Registered names this node owns.', names),
    plain('children', 'Children this node runs.', children),
    plain('config_diverged_nodes', 'Nodes with other settings than this one.', diverged),
  ]
}

function linkReadings({ links }: Snapshot): Reading[] {
  const rtts = links.flatMap(({ peer, rttMs }) =>
    rttMs === undefined ? [] : [[{ peer }, seconds(rttMs)] as const],
  )
  const queued = links.flatMap(({ peer, classes }) =>
    Object.entries(classes).map(
      ([name, { queuedBytes }]) => [{ peer, class: name }, queuedBytes] as const,
    ),
  )
  const sum = (field: CounterField): Reading['values'] => sums(links, field)
  return [
    { ...gauge('link_rtt', 'Round trip to a peer, smoothed.', rtts), unit: 'seconds' },
    { ...gauge('link_queued', 'Waiting to be sent to a peer.', queued), unit: 'bytes' },
    {
      ...counter('link_sent', 'Sent on the links there are now.', sum('sentBytes')),
      unit: 'bytes',
    },
    {
      ...counter('link_received', 'Received on the links there are now.', sum('receivedBytes')),
      unit: 'bytes',
    },
    counter('link_dropped_frames', 'Payloads dropped by overflow.', sum('droppedFrames')),
    counter('link_gap_frames', 'Payloads of peers that never arrived.', sum('gapFrames')),
  ]
}

type CounterField = 'sentBytes' | 'receivedBytes' | 'droppedFrames' | 'gapFrames'

/** By class, over all peers: a value for each peer and class would be many. */
function sums(links: Snapshot['links'], field: CounterField): Reading['values'] {
  const totals = new Map<string, number>()
  for (const { classes } of links) {
    for (const [name, figures] of Object.entries(classes)) {
      totals.set(name, (totals.get(name) ?? 0) + figures[field])
    }
  }
  return [...totals].map(([name, total]) => [{ class: name }, total] as const)
}

function topologyReadings({ topologies }: Snapshot): Reading[] {
  const running = topologies.filter(({ state }) => state === 'running')
  const healthy = running.map(
    ({ topology, health }) => [{ topology }, Number(health.state === 'ok')] as const,
  )
  const looked = running.flatMap(({ topology, lastSuccessAt }) =>
    lastSuccessAt === undefined ? [] : [[{ topology }, seconds(lastSuccessAt)] as const],
  )
  const peers = running.map(({ topology, peers: all }) => [{ topology }, all.length] as const)
  return [
    gauge('topology_healthy', '1 while the topology works.', healthy),
    {
      ...gauge(
        'topology_last_success_timestamp',
        'When a lookup last succeeded, since 1970.',
        looked,
      ),
      unit: 'seconds',
    },
    gauge('topology_peers', 'Peers the topology knows.', peers),
  ]
}

function trafficReadings({ pubsub, rpc, rejectedMessages }: Status): Reading[] {
  const one = (name: string, meaning: string, value: number): Reading =>
    counter(name, meaning, [[{}, value]])
  return [
    plain('subscriptions', 'Subscriptions of this node.', pubsub.subscriptions),
    one('messages_published', 'Messages this node published.', pubsub.published),
    one('messages_received', 'Messages of peers.', pubsub.received),
    one('messages_delivered', 'Deliveries to subscribers.', pubsub.delivered),
    one('messages_dropped', 'Messages and deliveries dropped by overflow.', pubsub.dropped),
    one('messages_rejected', 'Messages of peers that were not understood.', rejectedMessages),
    plain('rpc_pending_calls', 'Calls without a reply yet.', rpc.pendingCalls),
    plain('rpc_inbound_calls', 'Calls being worked on.', rpc.inboundCalls),
  ]
}

function gauge(name: string, meaning: string, values: Reading['values']): Reading {
  return { name, meaning, kind: 'gauge', unit: 'none', values }
}

function counter(name: string, meaning: string, values: Reading['values']): Reading {
  return { ...gauge(name, meaning, values), kind: 'counter' }
}

function plain(name: string, meaning: string, value: number): Reading {
  return gauge(name, meaning, [[{}, value]])
}

function seconds(ms: number): number {
  return ms / 1_000
}
