/** Nodes that dial, close, lose sockets, stop and come back at random, while everybody sends. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { channelClasses, type ChannelClass, type LinkInfo } from '../port/port.ts'
import { Proxy, TestNode, until } from './mesh-fixture.test.ts'

const seed = Number(process.env['FOUNDATION_STORM_SEED'] ?? Date.now() % 1_000_000)
const stormMs = Number(process.env['FOUNDATION_STORM_MS'] ?? 2_000)
const names = ['a', 'b', 'c', 'd']

/** A small repeatable generator (mulberry32); only the choices repeat, sockets have their own time. */
function chanceFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What one node saw of one incarnation of a peer, on one class. */
interface Tally {
  received: number
  missed: number
  lastSequence: number
}

/** A node behind a proxy, and the rules its news must keep. */
class Sailor {
  readonly node: TestNode
  readonly proxy = new Proxy()
  readonly wrongs: string[] = []
  readonly links = new Map<string, LinkInfo>()
  readonly #lastEpoch = new Map<string, number>()
  readonly #heard = new Map<string, Tally>()
  readonly #sent = new Map<string, number>()
  address = ''

  constructor(name: string) {
    this.node = new TestNode(name, { silentAfterMs: 1_000, pingIntervalMs: 100, redialMaxMs: 200 })
  }

  async start(): Promise<this> {
    this.node.news.push = (...lines: string[]): number => {
      for (const line of lines) this.#note(line)
      return 0
    }
    this.node.ups.push = (link: LinkInfo): number => {
      this.#up(link)
      return 0
    }
    this.node.downs.push = ({ peer, epoch, reason }): number => {
      const link = this.links.get(peer)
      if (link?.epoch !== epoch) this.#wrong(`down ${peer} ${String(epoch)} ${reason} unpaired`)
      this.links.delete(peer)
      return 0
    }
    this.node.gaps.push = (): number => 0
    this.node.onFrame = ({ from, class: channelClass, sequence, payload, epoch }): void => {
      const link = this.links.get(from)
      if (link?.epoch !== epoch) this.#wrong(`frame of ${from} without its link`)
      if (!link) return
      const tally = this.heard(link.peer.incarnation, channelClass)
      if (sequence <= tally.lastSequence) this.#wrong(`${from} ${channelClass} out of order`)
      if (Buffer.from(payload).readDoubleBE(0) !== sequence) this.#wrong(`${from} wrong payload`)
      tally.lastSequence = sequence
      tally.received += 1
    }
    // Membership may take its time, and the answer may come when the socket is gone.
    this.node.admit = () =>
      new Promise((resolve) => setTimeout(resolve, Math.random() * 4, 'admit' as const))
    await this.node.start()
    this.address = await this.proxy.start(this.node.address)
    return this
  }

  heard(incarnation: string, channelClass: ChannelClass): Tally {
    const key = `${incarnation} ${channelClass}`
    const tally = this.#heard.get(key) ?? { received: 0, missed: 0, lastSequence: 0 }
    this.#heard.set(key, tally)
    return tally
  }

  sentTo(incarnation: string, channelClass: ChannelClass): number {
    return this.#sent.get(`${incarnation} ${channelClass}`) ?? 0
  }

  send(peer: string, channelClass: ChannelClass, bytes: number): void {
    const link = this.links.get(peer)
    if (!link) return
    const sent = this.sentTo(link.peer.incarnation, channelClass)
    const payload = Buffer.alloc(bytes)
    payload.writeDoubleBE(sent + 1, 0)
    if (this.node.mesh.send(peer, channelClass, payload) !== 'accepted') return
    this.#sent.set(`${link.peer.incarnation} ${channelClass}`, sent + 1)
  }

  async stop(): Promise<void> {
    await this.node.mesh.stop(100)
    if (this.links.size > 0) this.#wrong(`stopped with links to ${[...this.links.keys()].join()}`)
    this.proxy.stop()
  }

  #up(link: LinkInfo): void {
    const { name, incarnation } = link.peer
    if (this.links.has(name)) this.#wrong(`up ${name} while it is up`)
    if (link.epoch <= (this.#lastEpoch.get(incarnation) ?? 0)) {
      this.#wrong(`epoch of ${name} went back to ${String(link.epoch)}`)
    }
    this.#lastEpoch.set(incarnation, link.epoch)
    this.links.set(name, link)
  }

  #note(line: string): void {
    const [what, peer = '', channelClass, count] = line.split(' ')
    if (what !== 'gap') return
    const link = this.links.get(peer)
    if (link)
      this.heard(link.peer.incarnation, channelClass as ChannelClass).missed += Number(count)
    else this.#wrong(`gap of ${peer} without a link`)
  }

  #wrong(what: string): void {
    this.wrongs.push(`${this.node.self.name}: ${what}`)
  }
}

/** The links of every pair agree, and there is one for each pair. */
function areAllLinked(fleet: readonly Sailor[]): boolean {
  return fleet.every((sailor) =>
    fleet.every((other) => {
      if (other === sailor) return true
      const [mine, theirs] = [
        sailor.links.get(other.node.self.name),
        other.links.get(sailor.node.self.name),
      ]
      return (
        mine !== undefined &&
        mine.epoch === theirs?.epoch &&
        mine.peer.incarnation === other.node.self.incarnation
      )
    }),
  )
}

/** Every payload taken was received or reported as missing. */
function ledger(fleet: readonly Sailor[]): string[] {
  return fleet.flatMap((from) =>
    fleet
      .filter((to) => to !== from)
      .flatMap((to) =>
        channelClasses.flatMap((channelClass) => {
          const sent = from.sentTo(to.node.self.incarnation, channelClass)
          const { received, missed } = to.heard(from.node.self.incarnation, channelClass)
          const pair = `${from.node.self.name}->${to.node.self.name} ${channelClass}`
          return sent === received + missed
            ? []
            : [
                `${pair}: sent ${String(sent)}, received ${String(received)}, missed ${String(missed)}`,
              ]
        }),
      ),
  )
}

class Storm {
  readonly fleet: Sailor[]
  readonly wrongs: string[] = []
  readonly #chance: () => number
  readonly #stopping: Promise<void>[] = []

  constructor(fleet: Sailor[], chance: () => number) {
    this.fleet = fleet
    this.#chance = chance
  }

  async step(): Promise<void> {
    const roll = this.#chance()
    if (roll < 0.2) this.#dial(this.#any(), this.#any())
    else if (roll < 0.3) this.#collide()
    else if (roll < 0.36) this.#any().node.mesh.close(this.#any().node.self.name)
    else if (roll < 0.44) this.#cut()
    else if (roll < 0.45) await this.#restart()
    else this.#chatter()
    if (this.#chance() < 0.6)
      await new Promise((resolve) => setTimeout(resolve, this.#chance() * 8))
  }

  async settle(): Promise<void> {
    await Promise.all(this.#stopping)
    const dialing = setInterval(() => {
      for (const from of this.fleet) for (const to of this.fleet) this.#dial(from, to)
    }, 100)
    try {
      await until('all are linked', () => areAllLinked(this.fleet), 15_000)
    } finally {
      clearInterval(dialing)
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const from of this.fleet)
      for (const peer of from.links.keys())
        for (const channelClass of channelClasses) from.send(peer, channelClass, 64)
    await until('the books balance', () => ledger(this.fleet).length === 0, 10_000).catch(() => {
      assert.deepEqual(ledger(this.fleet), [])
    })
  }

  #any(): Sailor {
    const sailor = this.fleet[Math.floor(this.#chance() * this.fleet.length)]
    assert.ok(sailor)
    return sailor
  }

  #dial(from: Sailor, to: Sailor): void {
    if (from !== to) from.node.mesh.dial(to.address).catch(() => undefined)
  }

  #collide(): void {
    const [one, other] = [this.#any(), this.#any()]
    this.#dial(one, other)
    this.#dial(other, one)
  }

  #cut(): void {
    const { proxy } = this.#any()
    const live = proxy.pipes.flatMap(({ client }, index) => (client.destroyed ? [] : [index]))
    const index = live[Math.floor(this.#chance() * live.length)]
    if (index === undefined) return
    if (this.#chance() < 0.2) proxy.halfOpen(index)
    else proxy.cut(index)
  }

  async #restart(): Promise<void> {
    const index = Math.floor(this.#chance() * this.fleet.length)
    const old = this.fleet[index]
    assert.ok(old)
    this.#stopping.push(old.stop().then(() => void this.wrongs.push(...old.wrongs)))
    this.fleet[index] = await new Sailor(old.node.self.name).start()
  }

  #chatter(): void {
    const from = this.#any()
    for (const peer of from.links.keys()) {
      const channelClass = channelClasses[Math.floor(this.#chance() * 4)] ?? 'control'
      const isLarge = this.#chance() < 0.1
      const times = Math.floor(this.#chance() * 8)
      for (let i = 0; i < times; i++)
        from.send(peer, channelClass, 8 + Math.floor(this.#chance() * (isLarge ? 200_000 : 2_000)))
    }
  }
}

describe('Four mesh nodes in a storm of dials, closes, lost sockets and restarts', () => {
  it('keep their news in pairs, count every payload and agree in the end', async (t) => {
    t.diagnostic(`FOUNDATION_STORM_SEED=${String(seed)}`)
    const storm = new Storm(
      await Promise.all(names.map((name) => new Sailor(name).start())),
      chanceFrom(seed),
    )
    try {
      const endsAtMs = performance.now() + stormMs
      while (performance.now() < endsAtMs) await storm.step()
      await storm.settle()
    } finally {
      await Promise.all(storm.fleet.map((sailor) => sailor.stop()))
    }
    const wrongs = storm.fleet.flatMap((sailor) => sailor.wrongs)
    assert.deepEqual([...storm.wrongs, ...wrongs], [])
  })
})
