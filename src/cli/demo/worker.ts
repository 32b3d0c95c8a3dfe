/** One of the demo's processes: a node by `cluster: true` that does what the director asks. */
import process from 'node:process'
import { systemHost, sleep, toError } from '../../kernel/index.ts'
import { startNode, type FoundationNode } from '../../node/index.ts'
import type { OrderMessage, OrderName, Orders, RoundTrips, WorkerMessage } from './orders.ts'

const bulkBody = new Uint8Array(64 * 1024)
const channels = ['control', 'events', 'telemetry', 'bulk'] as const

type Received = Record<(typeof channels)[number], number>
type Deeds = { [N in OrderName]: (ask: Orders[N]['ask']) => Promise<Orders[N]['answer']> }

function tell(message: WorkerMessage): void {
  process.send?.(message)
}

async function main(): Promise<void> {
  const node = await startNode({ cluster: true }) // App and name come by the environment.
  const received: Received = { control: 0, events: 0, telemetry: 0, bulk: 0 }
  for (const channel of channels) {
    node.channel(channel).subscribe(() => {
      received[channel] += 1
    })
  }
  node.rpc.handle('demo.echo', (value) => value)
  reportNews(node)
  process.on('message', (message: OrderMessage) => {
    void obey(message, deedsOf(node, received))
  })
  process.on('disconnect', () => {
    void node.stop() // The director died: do not outlive it.
  })
  tell({ type: 'up', name: node.name, addresses: node.self.addresses })
}

function reportNews(node: FoundationNode): void {
  for (const event of ['member-up', 'member-suspect', 'member-down', 'member-left'] as const) {
    node.on(event, ({ member, cause }) => {
      tell({ type: 'event', event, member: member.name, ...(cause ? { cause } : {}) })
    })
  }
  node.on('trouble', ({ error }) => {
    tell({ type: 'trouble', code: error.code, message: error.message })
  })
}

async function obey({ id, order, ask }: OrderMessage, deeds: Deeds): Promise<void> {
  try {
    const deed = deeds[order] as (ask: unknown) => Promise<unknown>
    tell({ type: 'answer', id, answer: await deed(ask) })
    if (order === 'stop') process.disconnect()
  } catch (thrown) {
    tell({ type: 'failed', id, message: toError(thrown).message })
  }
}

function deedsOf(node: FoundationNode, received: Received): Deeds {
  return {
    members: () =>
      Promise.resolve(
        node
          .members()
          .map(({ name, status, rttMs, provenance }) => ({ name, status, rttMs, provenance })),
      ),
    ping: (ask) => ping(node, ask),
    publish: (ask) => publish(node, ask),
    flood: (ask) => flood(node, ask),
    received: () => Promise.resolve({ ...received }),
    stop: async () => {
      await node.stop()
      return { left: true }
    },
  }
}

async function ping(node: FoundationNode, ask: Orders['ping']['ask']): Promise<RoundTrips> {
  const { target, count, intervalMs } = ask
  const began = systemHost.nowMs()
  // Sent at fixed times: a slow answer must not delay, and so hide, the ones behind it.
  const trips = Array.from({ length: count }, async (_, index) => {
    const due = began + index * intervalMs
    await sleep(systemHost, Math.max(0, due - systemHost.nowMs()))
    const sent = systemHost.nowMs()
    await node.rpc.call(target, 'demo.echo', { index }, { timeoutMs: 5000 })
    return systemHost.nowMs() - sent
  })
  const sorted = (await Promise.all(trips)).toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return { count, p50Ms: at(0.5), p99Ms: at(0.99) }
}

async function publish(
  node: FoundationNode,
  ask: Orders['publish']['ask'],
): Promise<{ peers: number; dropped: number }> {
  const results = await Promise.all(
    Array.from({ length: ask.count }, (_, index) =>
      node.pubsub.broadcast(ask.topic, { index, from: node.name }),
    ),
  )
  const dropped = results.reduce((sum, result) => sum + result.dropped, 0)
  return { peers: results[0]?.peers ?? 0, dropped }
}

async function flood(
  node: FoundationNode,
  { forMs }: Orders['flood']['ask'],
): Promise<Orders['flood']['answer']> {
  const began = systemHost.nowMs()
  let bytes = 0
  while (systemHost.nowMs() - began < forMs) {
    const { queued } = await node.pubsub.broadcast('bulk', bulkBody)
    bytes += queued * bulkBody.length
    if (queued === 0) await sleep(systemHost, 1)
  }
  return { bytes, tookMs: systemHost.nowMs() - began }
}

await main()
