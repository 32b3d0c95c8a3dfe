/**
 * Local dispatch and broadcast to one peer, without a network: what pubsub itself costs.
 * Run: `node bench/local-dispatch.ts`. Rounds alternate between the contestants; medians are shown.
 */
import { EventEmitter } from 'node:events'
import { silentLog, silentTelemetry, systemHost } from '../src/kernel/index.ts'
import { PubSub, pubsubDefaults } from '../src/pubsub/index.ts'
import { OwnerLog } from '../src/replication/index.ts'
import { Router } from '../src/transport/index.ts'

const rounds = 7
const size = 4 * 1_024 * 1_024
const message = { id: 12_345, name: 'order', total: 99.5, items: ['a', 'b', 'c'], open: true }

interface Contestant {
  readonly name: string
  /** Runs `count` operations. */
  readonly run: (count: number) => void | Promise<void>
}

/** A node whose one peer takes everything; `received` counts payloads. */
function nodeWithPeer(hasPeer: boolean): { pubsub: PubSub; router: Router; sent: Uint8Array[] } {
  const sent: Uint8Array[] = []
  const transport = {
    capabilities: undefined as never,
    send: (_peer: string, _class: string, payload: Uint8Array) => {
      sent[0] = payload
      return 'accepted' as const
    },
    whenWritable: () => Promise.resolve(),
  }
  const router = new Router({ transport, log: silentLog })
  const common = { router, host: systemHost, log: silentLog, telemetry: silentTelemetry }
  const ownerLog = new OwnerLog({ ...common, self: { name: 'a', incarnation: '1' } })
  // The peer is known and listens to events.x, as far as the interest table can tell.
  const known = Object.assign(Object.create(ownerLog) as OwnerLog, {
    isKnown: () => true,
    put: () => 1,
    delete: () => 1,
    watch: () => () => undefined,
    acknowledged: () => Promise.resolve(),
    entries: function* () {
      if (hasPeer) yield { owner: 'b', key: 'events.x', value: null }
    },
  })
  const payloadMaxBytes = { control: size, events: size, telemetry: size, bulk: size }
  const peers = (): string[] => (hasPeer ? ['b'] : [])
  const deps = { ...common, ownerLog: known, self: 'a', peers, payloadMaxBytes }
  const pubsub = new PubSub({ ...deps, news: () => undefined }, pubsubDefaults)
  return { pubsub, router, sent }
}

async function race(
  title: string,
  count: number,
  contestants: readonly Contestant[],
): Promise<void> {
  const times = contestants.map((): number[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { run }] of contestants.entries()) {
      const began = performance.now()
      await run(count)
      if (round > 0) times[index]?.push(performance.now() - began)
    }
  }
  for (const [index, { name }] of contestants.entries()) {
    const sorted = (times[index] ?? []).toSorted((a, b) => a - b)
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0
    const nanoseconds = (median * 1e6) / count
    const perSecond = Math.round(count / (median / 1_000)).toLocaleString('en')
    console.log(
      `${title.padEnd(34)} ${name.padEnd(28)} ${nanoseconds.toFixed(1).padStart(9)} ns  ${perSecond.padStart(14)}/s`,
    )
  }
}

async function dispatchTo(subscribers: number): Promise<void> {
  let calls = 0
  const handler = (): void => {
    calls += 1
  }
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  const { pubsub, router } = nodeWithPeer(false)
  const { pubsub: sender, sent } = nodeWithPeer(true)
  for (let at = 0; at < subscribers; at++) {
    emitter.on('events.x', handler)
    pubsub.subscribe('events.x', handler)
  }
  await sender.broadcast('events.x', message)
  const payload = sent[0] as Uint8Array
  const inbound = { from: 'b', class: 'events', epoch: 1, sequence: 1, payload } as const
  const messages = Math.max(10, Math.round(1_000_000 / subscribers))
  const each = (publish: () => void) => (): void => {
    for (let at = 0; at < messages; at++) publish()
  }
  await race(
    `per delivery, ${subscribers.toLocaleString('en')} subscribers`,
    messages * subscribers,
    [
      { name: 'EventEmitter', run: each(() => emitter.emit('events.x', message)) },
      {
        name: 'localBroadcast',
        run: each(() => {
          pubsub.localBroadcast('events.x', message)
        }),
      },
      {
        name: 'received from a peer',
        run: each(() => {
          router.receive(inbound)
        }),
      },
    ],
  )
  if (calls === 0) throw new Error('nothing was delivered')
}

for (const subscribers of [1, 1_000, 100_000]) await dispatchTo(subscribers)

const { pubsub } = nodeWithPeer(true)
const local = nodeWithPeer(true).pubsub
local.subscribe('events.x', () => undefined)
/** Awaits every hundredth: a loop that publishes without ever awaiting would starve its promises. */
const broadcasting =
  (target: PubSub, body: unknown) =>
  async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) {
      const result = target.broadcast('events.x', body)
      if (at % 100 === 0) await result
    }
  }
await race('broadcast to 1 stub peer', 500_000, [
  { name: 'small number', run: broadcasting(pubsub, 1) },
  { name: '100 B object', run: broadcasting(pubsub, message) },
  { name: '100 B object, 1 subscriber', run: broadcasting(local, message) },
])
process.exit(0)
