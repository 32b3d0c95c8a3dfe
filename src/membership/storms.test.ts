/** Seeded storms of faults over a small cluster: whatever happened, it is whole again afterwards. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededChance, type Chance } from '../testing/index.ts'
import { TestCluster } from './cluster-kit.test.ts'

const names = ['a', 'b', 'c', 'd', 'e']
const convergeMs = 45_000

class Storm {
  readonly cluster: TestCluster
  readonly #chance: Chance
  readonly #dead = new Set<string>()

  constructor(seed: number) {
    this.cluster = new TestCluster(seed)
    this.#chance = seededChance(seed, 'storm')
  }

  async rage(steps: number): Promise<void> {
    await this.cluster.mesh(...names)
    const faults: (() => void | Promise<void>)[] = [
      this.#partition,
      this.#cut,
      this.#clog,
      this.#kill,
      this.#restart,
      this.#pause,
    ]
    for (let step = 0; step < steps; step++) {
      await faults[Math.floor(this.#chance() * faults.length)]?.call(this)
      if (this.#chance() < 0.2) this.cluster.hub.heal()
      await this.cluster.advance(this.#chance() * 4_000)
    }
    this.cluster.hub.heal()
    for (const name of this.#dead) await this.#begin(name)
  }

  /** Milliseconds until everybody is alive to, and linked with, everybody. */
  async convergedAfterMs(): Promise<number> {
    const nodes = names.flatMap((name) => this.cluster.nodes.get(name) ?? [])
    for (let ms = 0; ms <= convergeMs; ms += 500) {
      const isWhole = nodes.every(
        (node) => node.is('alive').length === 4 && node.membership.peers().length === 4,
      )
      if (isWhole) return ms
      await this.cluster.advance(500)
    }
    return Infinity
  }

  #pick(): string {
    return names[Math.floor(this.#chance() * names.length)] ?? 'a'
  }

  #partition(): void {
    const half = (): string[] => names.filter(() => this.#chance() < 0.5)
    this.cluster.hub.partition(half(), half())
  }

  #cut(): void {
    const [a, b] = [this.#pick(), this.#pick()]
    if (a !== b) this.cluster.hub.cut(a, b, { oneWay: this.#chance() < 0.5 })
  }

  #clog(): void {
    const [a, b] = [this.#pick(), this.#pick()]
    if (a !== b) this.cluster.hub.clog(a, b, this.#chance() * 6_000)
  }

  #kill(): void {
    const name = this.#pick()
    if (!this.#dead.has(name)) this.cluster.kill(name)
    this.#dead.add(name)
  }

  async #restart(): Promise<void> {
    const name = this.#pick()
    if (this.#dead.has(name)) await this.#begin(name)
  }

  async #begin(name: string): Promise<void> {
    this.#dead.delete(name)
    const node = await this.cluster.node(name)
    for (const other of names) {
      const seed = this.#dead.has(other) ? undefined : this.cluster.nodes.get(other)
      if (seed && other !== name) node.membership.propose(seed.address, 'seeds')
    }
  }

  #pause(): void {
    const name = this.#pick()
    if (!this.#dead.has(name)) this.cluster.clock.pause(name, this.#chance() * 8_000)
  }
}

describe('Membership: storms', () => {
  for (let seed = 1; seed <= 20; seed++) {
    it(`five nodes: whole again after the storm of seed ${String(seed)}`, async () => {
      const storm = new Storm(seed)
      await storm.rage(20)
      assert.ok((await storm.convergedAfterMs()) <= convergeMs)
      for (const node of storm.cluster.nodes.values()) assertLegal(node.events)
    })
  }

  it('happen the same way twice', async () => {
    const hashes: string[] = []
    for (const storm of [new Storm(7), new Storm(7)]) {
      await storm.rage(20)
      hashes.push(storm.cluster.clock.traceHash)
    }
    assert.equal(hashes[0], hashes[1])
  })
})

/** Up first, and never up twice in a row. */
function assertLegal(events: readonly string[]): void {
  const isIn = new Map<string, boolean>()
  for (const event of events) {
    const [type = '', name = ''] = event.split(' ')
    assert.equal(isIn.get(name) ?? false, type !== 'member-up', `${event} in ${events.join(', ')}`)
    isIn.set(name, type !== 'member-down' && type !== 'member-left')
  }
}
