/** One process of a test: holds one node and does what it is asked. */
import process from 'node:process'
import { isFoundationError, startNode, type FoundationNode } from '../../src/index.ts'
import { sleep, systemHost, toError } from '../../src/kernel/index.ts'
import { optionsIn } from '../ground/worker-options.ts'
import { childrenDeeds, services } from './children-deeds.ts'
import type { Failure, OrderMessage, OrderName, Orders, WorkerMessage } from './orders.ts'
import { PublishedTally, ReceivedTally } from './tallies.ts'
import { forwardEvents } from './worker-events.ts'

type Deeds = {
  [N in OrderName]: (ask: Orders[N]['ask']) => Promise<Orders[N]['answer']> | Orders[N]['answer']
}

const received = new ReceivedTally()
/** Topic to the index of its last message. */
const lastIndexes = new Map<string, number>()
let current: FoundationNode | undefined

function tell(message: WorkerMessage): void {
  if (process.connected) process.send?.(message)
}

function node(): FoundationNode {
  if (!current) throw new Error('the worker has no node yet')
  return current
}

async function start(options: Orders['start']['ask']): Promise<Orders['start']['answer']> {
  current = await startNode({ services, ...optionsIn(process.env), ...options })
  const { name, self } = current
  forwardEvents(current, (event) => {
    if (event.type === 'gap') received.gap(event)
    tell({ type: 'event', event })
  })
  current.rpc.handle('test.work', async (args, { signal }) => {
    await sleep(systemHost, (args as { workMs: number }).workMs, signal)
  })
  return { name, incarnation: self.incarnation, addresses: self.addresses }
}

async function call(ask: Orders['call']['ask']): Promise<Orders['call']['answer']> {
  const { target, workMs, timeoutMs } = ask
  const beganMs = systemHost.nowMs()
  let code: string | undefined
  try {
    await node().rpc.call(target, 'test.work', { workMs }, { timeoutMs })
  } catch (thrown) {
    code = failureOf(thrown).code
  }
  return { tookMs: systemHost.nowMs() - beganMs, code }
}

async function ping(ask: Orders['ping']['ask']): Promise<Orders['ping']['answer']> {
  const { target, count, intervalMs } = ask
  const beganMs = systemHost.nowMs()
  const trips = Array.from({ length: count }, async (_, index) => {
    await sleep(systemHost, Math.max(0, beganMs + index * intervalMs - systemHost.nowMs()))
    return call({ target, workMs: 0, timeoutMs: 10_000 })
  })
  const all = await Promise.all(trips)
  const good = all.filter(({ code }) => code === undefined).map(({ tookMs }) => tookMs)
  const sorted = good.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99), failed: all.length - good.length }
}

async function publish(ask: Orders['publish']['ask']): Promise<Orders['publish']['answer']> {
  const { topic, count, bytes, mode, pauseMs = 0 } = ask
  const tally = new PublishedTally()
  const filling = new Uint8Array(bytes)
  const pending: Promise<void>[] = []
  const first = (lastIndexes.get(topic) ?? 0) + 1
  lastIndexes.set(topic, first + count - 1)
  for (let index = first; index < first + count; index += 1) {
    const one = tally.add(node().pubsub.broadcast(topic, { index, filling }))
    if (mode === 'at once') pending.push(one)
    else await one
    if (pauseMs > 0) await sleep(systemHost, pauseMs)
    // Other work of the process goes on beside a flood.
    else if (index % 64 === 0) await sleep(systemHost, 0)
  }
  await Promise.all(pending)
  return tally.result
}

async function useBriefly({ options, minPeers }: Orders['useBriefly']['ask']): Promise<object> {
  await using brief = await startNode({ ...optionsIn(process.env), ...options })
  await brief.ready({ minPeers, timeoutMs: 10_000 })
  return {}
}

const deeds: Deeds = {
  ...childrenDeeds(node),
  start,
  call,
  ping,
  publish,
  connect: async ({ address }) => ({ name: (await node().connect(address)).name }),
  status: () => node().status(),
  block: ({ forMs }) => {
    const untilMs = systemHost.nowMs() + forMs
    while (systemHost.nowMs() < untilMs);
    return {}
  },
  subscribe: async ({ topic }) => {
    const take = (message: unknown, { from, channel }: { from: string; channel: string }): void => {
      received.message({ from, channel, index: (message as { index: number }).index })
    }
    await node().pubsub.subscribe(topic, take).ready
    return {}
  },
  received: () => received.result,
  commit: async ({ path, value, timeoutMs = 10_000 }) => {
    try {
      const { acknowledged } = await node().config.commit(path, value, { timeoutMs })
      return { acknowledged }
    } catch (thrown) {
      return { failure: failureOf(thrown) }
    }
  },
  set: async ({ path, value }) => {
    await node().config.set(path, value)
    return {}
  },
  setting: ({ path }) => ({ value: node().config.get(path) }),
  refuseAbove: ({ pattern, max, reason }) => {
    node().config.validate(pattern, (value) => {
      if (Number(value) > max) throw new Error(reason)
    })
    return {}
  },
  memory: async () => {
    globalThis.gc?.()
    // Buffers that were collected are released a turn later.
    await sleep(systemHost, 20)
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rssBytes: rss, liveBytes: heapUsed + external }
  },
  register: async ({ names }) => {
    for (const name of names) await node().registry.register(name)
    return {}
  },
  owners: ({ names }) => names.map((name) => node().registry.lookup(name)?.node ?? 'nobody'),
  throwUncaught: () => {
    systemHost.defer(() => {
      throw new Error('thrown on purpose')
    })
    return {}
  },
  useBriefly: async (ask) => {
    await useBriefly(ask)
    return {}
  },
  stop: async () => {
    await node().stop()
    return { resources: await openResources() }
  },
}

/** What keeps the process busy besides the channel to its test; closed handles need a turn to go. */
async function openResources(): Promise<string[]> {
  const giveUpAtMs = systemHost.nowMs() + 1_000
  for (;;) {
    await sleep(systemHost, 20)
    const open = process.getActiveResourcesInfo().filter((kind) => !/^Pipe|^TTY/.test(kind))
    if (open.length === 0 || systemHost.nowMs() > giveUpAtMs) return open
  }
}

function failureOf(thrown: unknown): Failure {
  const { message } = toError(thrown)
  return { code: isFoundationError(thrown) ? thrown.code : 'unexpected', message }
}

async function obey({ id, order, ask }: OrderMessage): Promise<void> {
  try {
    const deed = deeds[order] as (ask: unknown) => unknown
    tell({ type: 'answer', id, answer: await deed(ask) })
  } catch (thrown) {
    tell({ type: 'failed', id, failure: failureOf(thrown) })
  }
}

process.on('message', (message: OrderMessage) => {
  void obey(message)
})
// The test ended, in whatever way: do not outlive it.
process.on('disconnect', () => process.exit(0))
tell({ type: 'ready' })
