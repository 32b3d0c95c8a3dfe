/**
 * Writes down what all lives tell and checks, at once, what can be checked on the spot: views,
 * incarnations, epochs, the count of payloads.
 */
import type { ClusterEvent } from '../../src/node/cluster-event.ts'
import type { Member } from '../../src/membership/index.ts'
import type { ChannelClass, Inbound, LinkInfo } from '../../src/transport/index.ts'
import type { LifeNews, SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** A life that has no trouble with another may not give it up; trouble counts for this long. */
const excuseMs = 12_000

type MemberEvent = Extract<ClusterEvent, { readonly member: Member }>

function isMemberEvent(event: ClusterEvent): event is MemberEvent {
  return 'member' in event && typeof event.member === 'object'
}

/** What one life has seen of one peer name. */
interface Seen {
  /** Birth number of the youngest incarnation seen up. */
  birth: number
  isUp: boolean
  /** Incarnations that left. */
  readonly left: Set<string>
}

interface Counted {
  readonly incarnation: string
  readonly counts: Record<ChannelClass, number>
}

/** One a world. */
export class Records implements LifeNews {
  readonly violations: string[] = []
  /** How often each kind of event happened, so that a run can tell that it tried something. */
  readonly counts: Map<string, number> = new Map()
  /** Called when a life has lost its link to a peer, or saw it end. */
  lostPeer: (life: SimNode, peer: string) => void = () => undefined
  readonly #world: World
  readonly #births = new Map<string, number>()
  readonly #seen = new Map<string, Seen>()
  readonly #epochs = new Map<string, number>()
  readonly #history: string[] = []
  /** What was counted of the latest incarnation each life has had a link with, by peer name. */
  readonly #links = new Map<SimNode, Map<string, Counted>>()

  constructor(world: World) {
    this.#world = world
  }

  /** The last things that happened, for people. */
  get history(): readonly string[] {
    return this.#history
  }

  violation(text: string): void {
    if (this.violations.length < 20) this.violations.push(`${this.#time()} ${text}`)
  }

  began(life: SimNode): void {
    this.#births.set(life.incarnation, life.birth)
    this.note(life.name, `began ${life.incarnation}`)
  }

  ended(life: SimNode, how: string): void {
    this.note(life.name, how)
  }

  /** Adds a line to the history and the trace. */
  note(name: string, text: string): void {
    this.#world.clock.note(name, text)
    this.#history.push(`${this.#time()} ${name}: ${text}`)
    if (this.#history.length > 4_000) this.#history.splice(0, 2_000)
  }

  event(life: SimNode, event: ClusterEvent): void {
    this.#count(event.type)
    if (isMemberEvent(event)) this.#member(life, event)
    else if (event.type === 'trouble') this.note(life.name, `trouble ${event.error.message}`)
    else this.note(life.name, event.type)
  }

  linkUp(life: SimNode, { peer, epoch }: LinkInfo): void {
    this.#count('link-up')
    this.note(life.name, `link up ${peer.name} ${peer.incarnation} epoch ${String(epoch)}`)
    const key = `${life.incarnation} ${peer.incarnation}`
    if (epoch <= (this.#epochs.get(key) ?? 0))
      this.violation(`${life.name} saw epoch ${String(epoch)} of ${peer.name} again`)
    this.#epochs.set(key, epoch)
    const links = this.#links.get(life) ?? new Map<string, Counted>()
    this.#links.set(life, links)
    if (links.get(peer.name)?.incarnation === peer.incarnation) return
    const counts = { control: 0, events: 0, telemetry: 0, bulk: 0 }
    links.set(peer.name, { incarnation: peer.incarnation, counts })
  }

  linkDown(life: SimNode, { peer, epoch }: LinkInfo, reason: string): void {
    this.#count(`link-down ${reason}`)
    this.note(life.name, `link down ${peer.name} epoch ${String(epoch)} ${reason}`)
    this.lostPeer(life, peer.name)
  }

  frame(life: SimNode, inbound: Inbound): void {
    const { from, sequence, epoch } = inbound
    this.#world.clock.note(life.name, `${from} ${inbound.class} ${String(sequence)}`)
    const counts = this.#countsOf(life, from)
    const expected = counts[inbound.class] + 1
    if (sequence !== expected) {
      const got = `${String(sequence)} instead of ${String(expected)}`
      this.violation(
        `${life.name} got ${inbound.class} ${got} from ${from}, epoch ${String(epoch)}`,
      )
    }
    counts[inbound.class] = sequence
  }

  gap(life: SimNode, peer: string, lost: { class: ChannelClass; count: number }): void {
    this.#count('gap')
    this.note(life.name, `gap of ${String(lost.count)} ${lost.class} from ${peer}`)
    this.#countsOf(life, peer)[lost.class] += lost.count
  }

  logged(life: SimNode, level: 'warn' | 'error', message: string): void {
    this.note(life.name, `log ${level} ${message}`)
    if (level === 'error') this.violation(`${life.name} logged an error: ${message}`)
  }

  #member(life: SimNode, event: MemberEvent): void {
    const { name, incarnation } = event.member
    this.note(life.name, `${event.type} ${name} ${incarnation} ${event.cause ?? ''}`)
    if (event.type === 'member-up') this.#memberUp(life, name, incarnation)
    if (event.type === 'member-suspect' && this.#isBlameless(life, name, incarnation)) {
      this.violation(`${life.name} suspects the healthy ${name} (${event.cause ?? 'no cause'})`)
    }
    if (event.type === 'member-down' || event.type === 'member-left') this.#memberEnd(life, event)
  }

  #memberUp(life: SimNode, name: string, incarnation: string): void {
    const seen = this.#seenBy(life, name)
    const birth = this.#births.get(incarnation)
    if (birth === undefined) {
      this.violation(`${life.name} saw ${name} ${incarnation}, which never was`)
      return
    }
    if (birth < seen.birth) this.violation(`${life.name} saw ${name} go back to ${incarnation}`)
    if (seen.isUp) this.violation(`${life.name} saw ${name} come up twice`)
    if (seen.left.has(incarnation)) this.violation(`${life.name} saw ${name} again after it left`)
    seen.birth = Math.max(seen.birth, birth)
    seen.isUp = true
  }

  #memberEnd(life: SimNode, { type, member, cause }: MemberEvent): void {
    const { name, incarnation } = member
    const seen = this.#seenBy(life, name)
    this.lostPeer(life, name)
    if (!seen.isUp) this.violation(`${life.name} saw ${name} end without being up`)
    seen.isUp = false
    if (type === 'member-left') seen.left.add(incarnation)
    if (this.#isBlameless(life, name, incarnation)) {
      this.violation(`${life.name} gave up the healthy ${name} (${cause ?? 'no cause'})`)
    }
  }

  /** The life has had no reason lately to think ill of that one. */
  #isBlameless(life: SimNode, name: string, incarnation: string): boolean {
    const subject = this.#world.lives.get(name)
    const isHealthy = subject?.incarnation === incarnation && subject.state === 'up'
    return isHealthy && this.#world.troubles.sinceMs(life.name, name) > excuseMs
  }

  #seenBy(life: SimNode, name: string): Seen {
    const key = `${life.incarnation} ${name}`
    const seen = this.#seen.get(key) ?? { birth: 0, isUp: false, left: new Set() }
    this.#seen.set(key, seen)
    return seen
  }

  /** The last sequence of each class that came from the present incarnation of a peer. */
  #countsOf(life: SimNode, from: string): Record<ChannelClass, number> {
    const link = this.#links.get(life)?.get(from)
    if (!link) throw new Error(`${life.name} heard ${from} without a link`)
    return link.counts
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }

  #time(): string {
    return (this.#world.nowMs / 1_000).toFixed(3)
  }
}
