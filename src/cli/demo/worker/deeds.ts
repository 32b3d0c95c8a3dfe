/** What a process of the demo does when the director asks. */
import { isFoundationError, sleep, systemHost } from '../../../kernel/index.ts'
import type { FoundationNode } from '../../../node/index.ts'
import type { OrderName, Orders, RoundTrips } from '../stage/orders.ts'
import type { Counter } from './services.ts'

const bulkBody = new Uint8Array(64 * 1024)
const counterId = 'counter'
const lookIntervalMs = 5

/** One function an order. */
export type Deeds = { [N in OrderName]: (ask: Orders[N]['ask']) => Promise<Orders[N]['answer']> }

/** The deeds of one process; `received` counts what its subscriptions got, by channel. */
export function deedsOf(node: FoundationNode, received: Readonly<Record<string, number>>): Deeds {
  return {
    members: () => Promise.resolve(membersOf(node)),
    ping: (ask) => ping(node, ask),
    publish: (ask) => publish(node, ask),
    flood: (ask) => flood(node, ask),
    received: () => Promise.resolve({ ...received }),
    claim: (ask) => claim(node, ask),
    startJobs: (ask) => startJobs(node, ask),
    children: () => Promise.resolve(placesOf(node)),
    count: ({ by }) => node.supervisor.get<Counter>(counterId).add(by),
    moveCounter: async ({ to }) => {
      await node.supervisor.move(counterId, to)
      return { node: to }
    },
    awaitChildrenOff: (ask) => awaitChildrenOff(node, ask),
    limit: ({ path, max }) => {
      node.config.validate(path, (value) => {
        if (Number(value) > max) throw new Error(`this process allows at most ${String(max)}`)
      })
      return Promise.resolve({ set: true })
    },
    commit: (ask) => commit(node, ask),
    setting: ({ path }) => Promise.resolve({ value: node.config.get(path) }),
    emit: async ({ type, data }) => {
      await node.events.emitDistributed(type, data)
      return { sent: true }
    },
    query: ({ type }) => Promise.resolve(eventsOf(node, type)),
    stop: async () => {
      await node.stop()
      return { left: true }
    },
  }
}

function membersOf(node: FoundationNode): Orders['members']['answer'] {
  const members = node.members()
  return members.map(({ name, status, rttMs, provenance }) => ({ name, status, rttMs, provenance }))
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
): Promise<Orders['publish']['answer']> {
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

async function claim(
  node: FoundationNode,
  { name }: Orders['claim']['ask'],
): Promise<Orders['claim']['answer']> {
  try {
    await node.registry.register(name)
    return { won: true, owner: node.name }
  } catch (thrown) {
    if (!isFoundationError(thrown) || thrown.code !== 'FND_NAME_TAKEN') throw thrown
    return { won: false, owner: String(thrown.details?.['node']) }
  }
}

async function startJobs(
  node: FoundationNode,
  { count }: Orders['startJobs']['ask'],
): Promise<Orders['startJobs']['answer']> {
  const jobs = Array.from({ length: count }, (_, at) => ({
    id: `job:${String(at + 1)}`,
    service: 'Job',
  }))
  const children = [...jobs, { id: counterId, service: 'Counter' }]
  await Promise.all(children.map((child) => node.supervisor.startChild(child)))
  return { started: children.length }
}

function placesOf(node: FoundationNode): Orders['children']['answer'] {
  return node.supervisor
    .which({ state: 'running' })
    .flatMap(({ id, node: place }) => (place === undefined ? [] : [{ id, node: place }]))
}

async function awaitChildrenOff(
  node: FoundationNode,
  ask: Orders['awaitChildrenOff']['ask'],
): Promise<Orders['awaitChildrenOff']['answer']> {
  const wanted = node.supervisor.count().total
  for (;;) {
    const places = placesOf(node)
    const isOff = places.every((place) => place.node !== ask.node)
    if (isOff && places.length === wanted) return { children: places.length }
    await sleep(systemHost, lookIntervalMs)
  }
}

async function commit(
  node: FoundationNode,
  { path, value }: Orders['commit']['ask'],
): Promise<Orders['commit']['answer']> {
  try {
    await node.config.commit(path, value)
    return {}
  } catch (thrown) {
    if (!isFoundationError(thrown) || thrown.code !== 'FND_CONFIG_REFUSED') throw thrown
    const { node: by, reason } = thrown.details ?? {}
    return { by: String(by), reason: String(reason) }
  }
}

function eventsOf(node: FoundationNode, type: string): Orders['query']['answer'] {
  return node.events.query({ type }).map(({ source, data }) => ({ type, source, data }))
}
