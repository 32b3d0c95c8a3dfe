/** Nodes on a real broker, in real time, with faults between them and it. */
import { after } from 'node:test'
import { silentLog, sleep, systemHost, type Host } from '../../src/kernel/index.ts'
import { idleVitals } from '../../src/monitor/index.ts'
import { startNodeIn, type FoundationNode } from '../../src/node/index.ts'
import { until, type MemoryNodeOptions } from '../../src/testing/index.ts'
import { loadClient } from '../../src/transport/nats/client.ts'
import { nats } from '../../src/transport/nats/index.ts'
import { hasNatsServer, natsMissing, startBroker, type Broker } from '../nats/broker.ts'
import { Wires, type Place } from './faulty-client.ts'
import type { Ground, Network } from './network.ts'

/** The same tests on NATS. One broker for a file; each network is an app of its own on it. */
export const brokerGround: Ground = {
  missing: hasNatsServer ? undefined : natsMissing,
  offers: new Set(),
  openNetwork: async () => {
    broker ??= startBroker()
    networks += 1
    const { url } = await broker
    return new BrokerNetwork(
      `network-${String(networks)}`,
      url,
      new Wires(await loadClient(undefined)),
    )
  },
}

let broker: Promise<Broker> | undefined
let networks = 0
after(async () => {
  await (await broker)?.stop()
})

/** A dial that is under way when a cut heals must not hold the meeting up. */
const dialTimeoutMs = 1_500
const settleMaxMs = 10_000
const lookEveryMs = 25
/** What a busy machine may need; a test that waits longer than this waits for what never comes. */
const patienceMs = 60_000

interface Life {
  readonly node: FoundationNode
  readonly place: Place
}

class BrokerNetwork implements Network {
  readonly #app: string
  readonly #url: string
  readonly #wires: Wires
  readonly #lives = new Map<string, Life[]>()
  readonly #ending: Promise<unknown>[] = []

  constructor(...[app, url, wires]: [string, string, Wires]) {
    this.#app = app
    this.#url = url
    this.#wires = wires
  }

  readonly host = (): Host => systemHost

  async startNode(options: MemoryNodeOptions): Promise<FoundationNode> {
    const { name = 'unnamed' } = options
    const { place, lib } = this.#wires.place(name)
    const transport = nats({ servers: this.#url, lib, dialTimeoutMs })
    const node = await startNodeIn(
      { host: systemHost, env: {}, workingFolder: undefined, vitals: idleVitals },
      { app: this.#app, log: silentLog, topologies: {}, ...options, name, transport },
    )
    this.#lives.set(name, [...(this.#lives.get(name) ?? []), { node, place }])
    return node
  }

  run<T>(work: Promise<T>): Promise<T> {
    return work
  }

  async advance(ms: number): Promise<void> {
    await sleep(systemHost, ms)
  }

  until(what: string, isSo: () => boolean, withinMs = patienceMs): Promise<void> {
    return until(what, isSo, Math.max(withinMs, patienceMs))
  }

  async settle(): Promise<void> {
    const deadlineMs = systemHost.nowMs() + settleMaxMs
    for (let quiet = 0; quiet < 3 && systemHost.nowMs() < deadlineMs;) {
      const { delivered } = this.#wires
      await sleep(systemHost, lookEveryMs)
      await this.#wires.flush()
      quiet = this.#wires.delivered === delivered ? quiet + 1 : 0
    }
  }

  partition(...groups: readonly (readonly string[])[]): void {
    this.#wires.partition(groups)
  }

  cut(a: string, b: string): void {
    this.#wires.cut(a, b)
  }

  heal(): void {
    this.#wires.heal()
  }

  kill(nodeName: string): void {
    const lives = this.#lives.get(nodeName) ?? []
    this.#lives.delete(nodeName)
    for (const { node, place } of lives) {
      // What is left of it in this process is dead to the others, and is cleared away.
      this.#ending.push(this.#wires.kill(place).then(() => node.stop()))
    }
  }

  pause(): never {
    throw new Error('this ground does not offer: virtual time')
  }

  resetLink(): never {
    throw new Error('this ground does not offer: link reset')
  }

  addresses(): never {
    throw new Error('this ground does not offer: addresses to look up')
  }

  async stop(): Promise<void> {
    const nodes = [...this.#lives.values()].flat().map(({ node }) => node.stop())
    this.#lives.clear()
    await Promise.allSettled([...nodes, ...this.#ending])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
