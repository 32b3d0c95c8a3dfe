/** What must, and must not, compile for a user. Checked by `tsc`, never run. */
import { startNode } from '../../src/index.ts'

declare module '../../src/index.ts' {
  interface FoundationTopics {
    'events.typed.example': { id: string }
  }
}

interface Order {
  readonly id: number
}

const node = await startNode({ app: 'shop', cluster: { strategy: 'static', hosts: ['a:1'] } })

// A topic the application typed.
node.pubsub.subscribe('events.typed.example', (message, { from }) => message.id.concat(from))
await node.pubsub.broadcast('events.typed.example', { id: '5' })
// @ts-expect-error the message of this topic has a string id
await node.pubsub.broadcast('events.typed.example', { id: 5 })

// A topic nobody typed takes the handler's word.
node.pubsub.subscribe('events.other', (order: Order) => order.id)
node.channel('telemetry').subscribe((order: Order) => order.id)

// A stream gives the typed message.
for await (const { message, meta } of node.pubsub.subscribe('events.typed.example')) {
  message.id.concat(meta.topic)
}

// Handlers and calls.
node.rpc.handle('order.id', (order: Order, { signal }) => (signal.aborted ? 0 : order.id))
const id: number = await node.rpc.call<number>('b', 'order.id', { id: 1 })
for (const outcome of await node.rpc.multicall<number>('order.id', { id })) {
  const text: string = 'value' in outcome ? outcome.value.toFixed(0) : outcome.error.message
  text.concat(outcome.node)
}

// Events are narrowed by their type.
node.on('gap', ({ count, from }) => count.toFixed(0) + from)
node.on('member-down', ({ member, cause }) => `${member.name} ${cause ?? ''}`)
// @ts-expect-error there is no such event
node.on('error', () => undefined)

// Remotes have the public methods of the class, and nothing else of it.
class Counter {
  total = 0
  start(state?: number): void {
    this.total = state ?? 0
  }
  increment(by: number): number {
    return (this.total += by)
  }
  async read(): Promise<number> {
    return Promise.resolve(this.total)
  }
}
const counter = node.supervisor.get<Counter>('counter:1')
const total: number = (await counter.increment(1)) + (await counter.read())
total.toFixed(0)
// @ts-expect-error a number is wanted
await counter.increment('1')
const methods: readonly (keyof typeof counter)[] = ['increment', 'read']
// @ts-expect-error lifecycle methods and fields are not there
const others: readonly (keyof typeof counter)[] = ['start']
methods.concat(others)
node.on('child-moved', ({ id: child, to, state }) => [child, to, state])

// @ts-expect-error an unknown option
await startNode({ clustr: true })

/* eslint-disable @typescript-eslint/require-await -- as users write it */
// Hooks of a topology, written in place.
await startNode({
  topologies: {
    lan: { strategy: 'gossip', connect: async () => 'ignored', disconnect: async () => 'ignored' },
    dns: { strategy: 'dns', connect: () => 'ignored', disconnect: async () => true },
    // @ts-expect-error no word of a hook
    bad: { strategy: 'gossip', connect: () => 'maybe' },
  },
})
