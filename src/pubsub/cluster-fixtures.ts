/** For tests: pubsub on several nodes over loops of bytes, with real time and no sockets. */
import { silentLog, systemHost, silentTelemetry } from '../kernel/index.ts'
import { OwnerLog, ownerLogDefaults } from '../replication/index.ts'
import { Router, type ChannelClass, type SendOutcome } from '../transport/index.ts'
import { pubsubDefaults, type ChannelOptions, type PubSubOptions } from './options.ts'
import type { PubSubNews } from './port.ts'
import { PubSub } from './pubsub.ts'

/** One node. */
export interface TestNode {
  readonly name: string
  readonly router: Router
  readonly log: OwnerLog
  readonly pubsub: PubSub
  readonly news: PubSubNews[]
  /** Lines logged at level warn. */
  readonly warnings: string[]
}

/** A payload on its way. */
export interface Sent {
  readonly from: string
  readonly to: string
  readonly class: ChannelClass
  readonly payload: Uint8Array
}

type Options = Partial<PubSubOptions> & { channels?: Record<string, ChannelOptions> }

/** Nodes, all linked with each other from the start unless made with `add` alone. */
export class TestCluster {
  readonly nodes: Map<string, TestNode> = new Map()
  /** Published payloads that were accepted. */
  readonly sent: Sent[] = []
  payloadMaxBytes: number = 256 * 1_024
  /** Decides on each published payload; 'lost' is accepted and reported to the receiver as a gap. */
  fate: (sent: Sent) => SendOutcome | 'lost' = () => 'accepted'
  readonly #links = new Set<string>()
  readonly #sequences = new Map<string, number>()
  #writable: (() => void)[] = []

  add(name: string, options: Options = {}): TestNode {
    const transport = {
      capabilities: undefined as never,
      send: (to: string, channelClass: ChannelClass, payload: Uint8Array) =>
        this.#send({ from: name, to, class: channelClass, payload }),
      whenWritable: () =>
        new Promise<void>((resolve) => {
          this.#writable.push(resolve)
        }),
    }
    const router = new Router({ transport, host: systemHost, log: silentLog })
    const common = { router, host: systemHost, log: silentLog, telemetry: silentTelemetry }
    const ownerLog = new OwnerLog(
      { ...common, self: { name, incarnation: '1' } },
      { ...ownerLogDefaults, batchMs: 1, digestIntervalMs: 100 },
    )
    const news: PubSubNews[] = []
    const warnings: string[] = []
    const warn = (_: unknown, line: string): void => {
      warnings.push(line)
    }
    const max = this.payloadMaxBytes
    const payloadMaxBytes = { control: max, events: max, telemetry: max, bulk: max * 4 }
    const pubsub = new PubSub(
      {
        ...common,
        log: { ...silentLog, warn },
        ownerLog,
        self: name,
        peers: () => [],
        payloadMaxBytes,
        news: (each) => news.push(each),
      },
      { ...pubsubDefaults, ...options },
    )
    const node = { name, router, log: ownerLog, pubsub, news, warnings }
    this.nodes.set(name, node)
    ownerLog.start()
    pubsub.start()
    return node
  }

  /** Links two nodes. Their interest in each other is not known yet. */
  link(a: TestNode, b: TestNode): void {
    this.#links.add(`${a.name}>${b.name}`).add(`${b.name}>${a.name}`)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const peer = { name: other.name, incarnation: '1' }
      one.log.linkUp(peer)
      one.log.memberUp(other.name, '1')
      one.pubsub.linkUp(peer)
    }
  }

  unlink(a: TestNode, b: TestNode): void {
    this.#links.delete(`${a.name}>${b.name}`)
    this.#links.delete(`${b.name}>${a.name}`)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.log.linkDown(other.name)
      one.pubsub.linkDown(other.name)
      one.log.memberDown(other.name, '1')
    }
  }

  /** Every queue has room again. */
  drain(): void {
    for (const resolve of this.#writable.splice(0)) resolve()
  }

  /** Resolves when what was sent so far has arrived. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => {
        systemHost.defer(() => {
          resolve(undefined)
        })
      })
    }
  }

  stop(): void {
    for (const { pubsub, log } of this.nodes.values()) {
      pubsub.stop()
      log.stop()
    }
  }

  #send(sent: Sent): SendOutcome {
    if (!this.#links.has(`${sent.from}>${sent.to}`)) return 'disconnected'
    const isPublished = sent.payload[0] === 48
    const fate = isPublished ? this.fate(sent) : 'accepted'
    if (fate === 'full' || fate === 'disconnected') return fate
    if (isPublished) this.sent.push(sent)
    const stream = `${sent.from}>${sent.to} ${sent.class}`
    const sequence = (this.#sequences.get(stream) ?? 0) + 1
    this.#sequences.set(stream, sequence)
    systemHost.defer(() => {
      this.#arrive(sent, { sequence, isLost: fate === 'lost' })
    })
    return 'accepted'
  }

  #arrive(sent: Sent, { sequence, isLost }: { sequence: number; isLost: boolean }): void {
    const { from, to, class: channelClass, payload } = sent
    const target = this.nodes.get(to)
    if (!target || !this.#links.has(`${from}>${to}`)) return
    if (isLost) target.pubsub.gap(from, channelClass, 1)
    else target.router.receive({ from, class: channelClass, epoch: 1, sequence, payload })
  }
}

/** A cluster of nodes named a, b, c, ..., linked, each knowing the others. */
export async function linkedCluster(count: number, options: Options = {}): Promise<TestCluster> {
  const cluster = new TestCluster()
  const nodes = Array.from({ length: count }, (_, index) =>
    cluster.add(String.fromCharCode(97 + index), options),
  )
  for (const [index, one] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) cluster.link(one, other)
  }
  await until(() =>
    nodes.every(({ name, log }) =>
      nodes.every((other) => other.name === name || log.isKnown(other.name)),
    ),
  )
  return cluster
}

/** Waits for a condition, at most two seconds. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = systemHost.nowMs() + 2_000
  while (!isTrue()) {
    if (systemHost.nowMs() > deadline) throw new Error(`never true: ${String(isTrue)}`)
    await new Promise((resolve) =>
      systemHost.after(1, () => {
        resolve(undefined)
      }),
    )
  }
}

/** Subscribes and keeps what arrives. */
export function collect(node: TestNode, topic: string): unknown[] {
  const messages: unknown[] = []
  node.pubsub.subscribe(topic, (message) => {
    messages.push(message)
  })
  return messages
}
