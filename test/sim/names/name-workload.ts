/** What the lives do with names: register, look up, change, give up, join and leave groups. Seeded. */
import { isFoundationError } from '../../../src/kernel/index.ts'
import type { Registration } from '../../../src/registry/index.ts'
import type { Chance } from '../../../src/testing/index.ts'
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'
import { Holdings, viewOf, type Holding } from './holdings.ts'

/** Few, so that claims meet. */
const names = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay'] as const
const groups = ['red', 'blue'] as const
/** Of the shared metadata, which everybody writes. */
export const metaKeys = ['one', 'two', 'three'] as const

/** What a message says of a registration. */
interface Told {
  readonly name: string
  readonly epoch: number
  readonly by: string
}

const announcements = 'events.names'

/** Late by this much is still in time: the step of the simulation and the tick of the claims. */
const slackMs = 150

/** A registration that has not settled. */
interface OpenClaim {
  readonly life: SimNode
  readonly name: string
  deadlineMs: number
}

/** How much is done with how many names. */
export interface Habits {
  readonly names: readonly string[]
  /** Of a life and a step. */
  readonly registerChance: number
  readonly giveUpChance: number
}

/** Some names, mostly held. */
export const usual: Habits = { names, registerChance: 0.2, giveUpChance: 0.12 }
/** Fewer names, that change hands all the time. */
export const contested: Habits = {
  names: names.slice(0, 3),
  registerChance: 0.4,
  giveUpChance: 0.3,
}

/** One a world. */
export class NameWorkload {
  readonly holdings: Holdings = new Holdings()
  readonly counts: Map<string, number> = new Map()
  readonly #world: World
  readonly #habits: Habits
  readonly #chance: Chance
  readonly #open = new Set<OpenClaim>()
  readonly #watched = new Set<SimNode>()
  /** Messages handed on early by each, when it was last looked at. */
  readonly #early = new Map<SimNode, number>()
  /** Told of a registration that has just resolved. */
  readonly #registered: (holding: Holding) => void

  constructor(world: World, habits: Habits, registered: (holding: Holding) => void) {
    this.#world = world
    this.#habits = habits
    this.#chance = world.chance('names')
    this.#registered = registered
  }

  /** Every life that is awake may do something. */
  step(): void {
    for (const life of this.#world.awake) {
      this.#watch(life)
      if (this.#chance() < this.#habits.registerChance) this.#register(life)
      if (this.#chance() < this.#habits.giveUpChance) this.#giveUp(life)
      if (this.#chance() < 0.05) this.#update(life)
      if (this.#chance() < 0.05) this.#joinOrLeave(life)
      if (this.#chance() < 0.05) this.#changeMeta(life)
    }
  }

  /** Claims that should have settled by now, unless their life is dead or blocked. */
  checkClaims(): void {
    const { nowMs, records, clock } = this.#world
    for (const claim of this.#open) {
      if (claim.life.state !== 'up') this.#open.delete(claim)
      else if (clock.isPaused(claim.life.name)) {
        claim.deadlineMs = Math.max(claim.deadlineMs, nowMs + slackMs)
      } else if (nowMs > claim.deadlineMs + slackMs) {
        this.#open.delete(claim)
        records.violation(`claim of ${claim.life.name} for "${claim.name}" did not end`)
      }
    }
  }

  /** Claims that have not settled. */
  get open(): number {
    return this.#open.size
  }

  #register(life: SimNode): void {
    const name = this.#pick(this.#habits.names)
    if (this.holdings.latest(life, name)?.state === 'held') return
    const timeoutMs = Math.floor(100 + this.#chance() * 3_000)
    const claim = { life, name, deadlineMs: this.#world.nowMs + timeoutMs }
    this.#open.add(claim)
    const told: { lostTo: string | undefined; calls: number } = { lostTo: undefined, calls: 0 }
    const holdingOf = (registration: Registration): Holding => ({
      ...{ life, registration, view: viewOf(life), state: 'held' as const },
      get lostTo() {
        return told.lostTo
      },
      set lostTo(node) {
        told.lostTo = node
      },
    })
    const meta: unknown = { at: Math.round(this.#world.nowMs) }
    const onConflictLost = (winner: { node: string }): unknown => {
      told.calls += 1
      told.lostTo = winner.node
      this.#count('names lost')
      if (this.#habits === contested) this.#checkLoss(life, name, winner.node)
      if (told.calls > 1) this.#world.records.violation(`${life.name} lost "${name}" twice`)
      return { of: life.name }
    }
    const mergeState = (): void => {
      this.#count('states merged')
    }
    life.parts.registry
      .register(name, undefined, { timeoutMs, meta, onConflictLost, mergeState })
      .then(
        (registration) => {
          this.#open.delete(claim)
          this.#count('names registered')
          const holding = holdingOf(registration)
          this.holdings.add(holding)
          this.#checkOwn(holding)
          this.#registered(holding)
          this.#promise(holding)
          this.#announce(holding)
        },
        (thrown: unknown) => {
          this.#open.delete(claim)
          this.#count(isFoundationError(thrown) ? thrown.code : 'a failure without a code')
        },
      )
  }

  /** The owner reads what it wrote, at once; its epochs grow. */
  #checkOwn({ life, registration, lostTo }: Holding): void {
    const { name, epoch } = registration
    const seen = life.parts.registry.lookup(name)
    if (!seen && lostTo === undefined) {
      this.#world.records.violation(`${life.name} misses "${name}", which it has just registered`)
    }
    const former = this.holdings.formerEpoch(life, name)
    if (epoch <= former) {
      this.#world.records.violation(
        `${life.name} got "${name}" with epoch ${String(epoch)} after ${String(former)}`,
      )
    }
  }

  /** Over sound links nobody loses a name it was granted in sight of the other. */
  #checkLoss(life: SimNode, name: string, winner: string): void {
    const rival = this.#world.lives.get(winner)
    const view = this.holdings.latest(life, name)?.view
    if (!rival || !view?.has(rival.incarnation)) return
    if (!this.holdings.latest(rival, name)?.view.has(life.incarnation)) return
    this.#world.records.violation(`${life.name} lost "${name}" to ${winner}, in sight of it`)
  }

  /** Another life is told of the registration, and waits for it with the token. */
  #promise(holding: Holding): void {
    const others = this.#world.awake.filter((life) => life !== holding.life)
    if (others.length === 0 || this.#chance() < 0.5) return
    const reader = this.#pick(others)
    const { name, token, epoch } = holding.registration
    reader.parts.registry.lookup(name, { after: token, timeoutMs: 1_500 }).then(
      (entry) => {
        this.#count('tokens waited for')
        if (entry || !isStillThere(holding) || !sees(reader, holding.life)) return
        const what = `"${name}" ${String(epoch)} of ${holding.life.name}`
        this.#world.records.violation(`${reader.name} misses ${what}, though it waited`)
      },
      () => undefined,
    )
  }

  /** Everybody is told of it by a message, which must not come before the name. */
  #announce({ life, registration: { name, epoch } }: Holding): void {
    const told: Told = { name, epoch, by: life.incarnation }
    life.parts.pubsub.broadcast<string>(announcements, told).catch(() => undefined)
  }

  #heard(reader: SimNode, { name, epoch, by }: Told): void {
    const isEarly = this.#isEarly(reader)
    const owner = [...this.#world.lives.values()].find((life) => life.incarnation === by)
    const holding = owner && this.holdings.latest(owner, name)
    if (!owner || holding?.registration.epoch !== epoch) return
    this.#count('names announced')
    if (!isStillThere(holding) || !sees(reader, owner)) return
    if (reader.parts.registry.lookup(name) || isEarly) return
    const what = `"${name}" ${String(epoch)} of ${owner.name}`
    this.#world.records.violation(`${reader.name} was told of ${what} before it had the name`)
  }

  /** The message at hand had waited for as long as messages wait: it may come before the name. */
  #isEarly(reader: SimNode): boolean {
    const { handedOnEarly } = reader.parts.fences
    const before = this.#early.get(reader) ?? 0
    this.#early.set(reader, handedOnEarly)
    if (handedOnEarly === before) return false
    this.#count('names announced early')
    return true
  }

  #giveUp(life: SimNode): void {
    const held = this.holdings.of(life)
    if (held.length === 0) return
    const holding = this.#pick(held)
    holding.state = 'given-up'
    void holding.registration.unregister()
    this.#count('names given up')
  }

  #update(life: SimNode): void {
    const held = this.holdings.of(life)
    if (held.length === 0) return
    const { registration } = this.#pick(held)
    const at = Math.round(this.#world.nowMs)
    registration.update(() => ({ at })).catch(() => undefined)
  }

  #joinOrLeave(life: SimNode): void {
    const memberships = this.holdings.groups.get(life) ?? new Map<string, never>()
    this.holdings.groups.set(life, memberships)
    const group = this.#pick(groups)
    const present = memberships.get(group)
    if (present) {
      memberships.delete(group)
      void present.leave()
    } else memberships.set(group, life.parts.registry.join(group, undefined, { meta: life.name }))
  }

  #changeMeta(life: SimNode): void {
    const { meta } = life.parts.registry
    const key = this.#pick(metaKeys)
    if (this.#chance() < 0.3) meta.delete(key)
    else meta.put(key, `${life.name} ${String(Math.round(this.#world.nowMs))}`)
  }

  #watch(life: SimNode): void {
    if (this.#watched.has(life)) return
    this.#watched.add(life)
    life.parts.pubsub.subscribe<string, Told>(announcements, (told) => {
      this.#heard(life, told)
    })
    life.parts.registry.watch((event) => {
      if (event.type !== 'conflict') return
      this.#count('conflicts seen')
      const { entry, loser } = event
      if (entry.epoch > loser.epoch) {
        this.#world.records.violation(`${life.name} lets the later claim of "${entry.name}" win`)
      }
    })
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#chance() * items.length)] as T
  }
}

function isStillThere({ state, lostTo, life, registration }: Holding): boolean {
  return (
    state === 'held' && lostTo === undefined && life.state === 'up' && !registration.lost.aborted
  )
}

/** Whether that very life is up in the view of the reader. */
function sees(reader: SimNode, { name, incarnation }: SimNode): boolean {
  const member = reader.parts.membership.member(name)
  const isUp = member?.status === 'alive' || member?.status === 'suspect'
  return isUp && member.incarnation === incarnation
}
