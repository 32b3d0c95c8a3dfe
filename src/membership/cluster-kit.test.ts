/** Nodes that are nothing but a memory transport, a router and membership, under virtual time. */
import { silentLog, silentTelemetry } from '../kernel/index.ts'
import { VirtualClock } from '../testing/index.ts'

import { MemoryHub, Router, type NodeIdentity, type Transport } from '../transport/index.ts'
import type { MembershipEvent } from './members/member.ts'
import { Membership } from './membership.ts'
import { membershipDefaults, type MembershipOptions } from './options.ts'

export interface TestNode {
  readonly name: string
  readonly incarnation: string
  readonly address: string
  readonly membership: Membership
  readonly transport: Transport
  /** `member-up b`, `member-down b (crashed)`, `trouble FND_NAME_IN_USE`, in order. */
  readonly events: string[]
  /** Names of the members with that status, without the node itself. */
  is(status: 'alive' | 'suspect' | 'down' | 'left'): string[]
  leave(): Promise<void>
}

interface NodeOverrides {
  readonly options?: Partial<MembershipOptions>
  readonly incarnation?: string
  readonly roles?: readonly string[]
  /** Its name in faults; needed when two nodes have one name. */
  readonly place?: string
}

export class TestCluster {
  readonly clock: VirtualClock
  readonly hub: MemoryHub
  readonly nodes: Map<string, TestNode> = new Map<string, TestNode>()
  #lives = 0

  constructor(seed = 1) {
    this.clock = new VirtualClock({ seed })
    this.hub = new MemoryHub({
      host: this.clock.host('network'),
      random: this.clock.chance('network'),
    })
  }

  async node(name: string, overrides: NodeOverrides = {}): Promise<TestNode> {
    const place = overrides.place ?? name
    const host = this.clock.host(place)
    const common = { host, log: silentLog, telemetry: silentTelemetry }
    const transport = this.hub.engine(place).create(common)
    const router = new Router({ transport, host, log: silentLog })
    this.#lives += 1
    const incarnation =
      overrides.incarnation ??
      `${String(1000 + Math.round(this.clock.nowMs))}-${String(this.#lives)}`
    const self = {
      name,
      incarnation,
      cluster: 'test',
      roles: overrides.roles ?? [],
      meta: {},
      addresses: [] as string[],
    }
    const events: string[] = []
    const membership = new Membership(
      { ...common, transport, router, self, news: (event) => events.push(inWords(event)) },
      { ...membershipDefaults, ...overrides.options },
    )
    const nothing = (): void => undefined
    const addresses = await transport.start(self, {
      ...membership.handlers,
      frame: router.receive,
      classDegraded: nothing,
      classRestored: nothing,
      gap: nothing,
    })
    self.addresses.push(...addresses)
    membership.start()
    const node = asTestNode(self, { membership, transport, events })
    this.nodes.set(place, node)
    return node
  }

  /** Nodes of these names, each told of the first one only, with a full mesh. */
  async mesh(...names: string[]): Promise<TestNode[]> {
    const nodes: TestNode[] = []
    for (const name of names) {
      const node = await this.node(name)
      nodes.push(node)
      if (nodes[0] && nodes[0] !== node) node.membership.propose(nodes[0].address, 'seeds')
    }
    await this.advance(2_000)
    return nodes
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /** As SIGKILL. */
  kill(place: string): void {
    this.hub.kill(place)
    this.clock.killed(place)
  }

  /** Settles a promise that needs virtual time to pass. */
  async during<T>(work: Promise<T>, ms = 10_000): Promise<T> {
    const seen = { isDone: false }
    const mark = (): void => {
      seen.isDone = true
    }
    work.then(mark, mark)
    for (let passed = 0; passed < ms && !seen.isDone; passed += 10) await this.advance(10)
    return work
  }
}

function asTestNode(
  self: NodeIdentity,
  parts: Pick<TestNode, 'membership' | 'transport' | 'events'>,
): TestNode {
  const { membership, transport } = parts
  return {
    ...parts,
    name: self.name,
    incarnation: self.incarnation,
    address: self.addresses[0] ?? '',
    is: (status) =>
      membership
        .members({ status: [status] })
        .filter((member) => !member.isSelf)
        .map((member) => member.name),
    leave: async () => {
      await membership.leave()
      await membership.stop()
      await transport.stop()
    },
  }
}

function inWords(event: MembershipEvent): string {
  if (event.type === 'trouble') return `trouble ${event.error.code}`
  return `${event.type} ${event.member.name}${event.cause ? ` (${event.cause})` : ''}`
}
