/**
 * What applications do with config in the simulation, and what is checked on the spot: agreement,
 * validity, versions that only grow, promises that settle.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ConfigChange } from '../../../src/config/index.ts'
import { isFoundationError } from '../../../src/kernel/index.ts'
import { compareVersions, type Version } from '../../../src/replication/index.ts'
import type { Chance } from '../../../src/testing/index.ts'
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'

const paths = ['x', 'y', 'y.z'] as const
const timeoutMs = 1_500
/** Twice the deadline, for a disk that does not answer, and a step. */
const settleMaxMs = 2 * timeoutMs + 200

interface OpenCommit {
  readonly life: SimNode
  readonly value: string
  dueMs: number
}

/** One a world. */
export class ConfigTraffic {
  readonly counts: Map<string, number> = new Map()
  readonly #world: World
  readonly #chance: Chance
  readonly #lives = new Set<SimNode>()
  readonly #open = new Set<OpenCommit>()
  /** Values by "incarnation value" that the validators of a life let through. */
  readonly #accepted = new Set<string>()
  /** Values some validator refused. */
  readonly #refused = new Set<string>()
  readonly #aborted = new Set<string>()
  /** Committed by the word of a person, whatever a life that is gone knew of them. */
  readonly #byHand = new Set<string>()
  readonly #applied = new Map<string, string>()
  readonly #versions = new Map<string, Version>()
  #values = 0

  constructor(world: World) {
    this.#world = world
    this.#chance = world.chance('config')
  }

  /** Gives lives that have just begun their validators, before they can be asked anything. */
  meet(): void {
    for (const life of this.#world.up) this.#meet(life)
  }

  step(): void {
    for (const life of this.#world.awake) {
      if (this.#chance() < 0.04) this.#commit(life)
      if (this.#chance() < 0.01) this.#set(life)
    }
    this.#checkPromises()
  }

  /** Why the lives do not have the same settings, or hold something undecided; undefined when all is well. */
  notSettled(): string | undefined {
    const [first, ...others] = this.#world.up
    if (!first) return 'nobody is up'
    const tree = first.parts.config.all()
    const other = others.find((life) => !isDeepStrictEqual(life.parts.config.all(), tree))
    if (other) return `${other.name} has other settings than ${first.name}`
    const busy = this.#world.up.find(({ parts }) => {
      const { undecided, inDoubt } = parts.config.stats()
      return undecided > inDoubt
    })
    return busy && `${busy.name} holds something undecided`
  }

  /**
   * In doubt is only what nobody can decide: its coordinator's life has ended and nobody has applied
   * it. A person then decides, and everybody hears of it.
   */
  async decideDoubts(): Promise<void> {
    const doubts = this.#world.up.flatMap((life) =>
      life.parts.config.inDoubt().map((transaction) => ({ life, ...transaction })),
    )
    for (const { life, txid, coordinator } of doubts) {
      const alive = this.#world.lives.get(coordinator)
      if (alive?.state === 'up' && txid.includes(`/${alive.incarnation}/`)) {
        this.#violation(`${life.name} is in doubt of ${txid} though its coordinator is there`)
      }
      if (this.#isUpWhoApplied(txid)) {
        this.#violation(`${life.name} is in doubt of ${txid} though somebody has applied it`)
      }
      this.#count('in doubt')
    }
    for (const { life, changes } of doubts) this.#mustBeInDoubt(life, Object.keys(changes)[0] ?? '')
    await this.#world.clock.advance(settleMaxMs)
    const holders = new Map(doubts.map(({ txid, life }) => [txid, life]))
    for (const [txid, life] of holders) this.#decide(txid, life)
  }

  /** Every commit goes through in a healed world. */
  async checkCommits(): Promise<void> {
    const done = new Set<string>()
    for (const life of this.#world.up) {
      const value = this.#nextValue()
      const committed = life.parts.config.commit(`last.${life.name}`, value, { timeoutMs })
      committed.then(
        () => done.add(life.name),
        (thrown: unknown) => {
          this.#violation(`commit of ${life.name} in a healed world: ${String(thrown)}`)
        },
      )
      await this.#world.clock.advance(300)
    }
    await this.#world.clock.advance(settleMaxMs)
    for (const { name } of this.#world.up) {
      if (!done.has(name)) this.#violation(`commit of ${name} did not settle in a healed world`)
    }
  }

  #decide(txid: string, { parts }: SimNode): void {
    const word = this.#chance() < 0.5 ? 'commit' : 'abort'
    if (word === 'commit') this.#byHand.add(txid)
    parts.config.resolve(txid, word)
  }

  /** The old value is served, and nobody may change it. */
  #mustBeInDoubt(life: SimNode, path: string): void {
    life.parts.config.commit(path, this.#nextValue(), { timeoutMs }).then(
      () => {
        this.#violation(`${life.name} changed "${path}", which is in doubt`)
      },
      (thrown: unknown) => {
        this.#failed(thrown)
      },
    )
  }

  #meet(life: SimNode): void {
    if (this.#lives.has(life)) return
    this.#lives.add(life)
    life.parts.config.validate('>', (value) => {
      if (String(value).endsWith(`poison for ${life.name}`)) {
        this.#refused.add(String(value))
        throw new Error('poison')
      }
      this.#accepted.add(`${life.incarnation} ${String(value)}`)
    })
    life.parts.config.subscribe('>', (change) => {
      this.#changed(life, change)
    })
  }

  #commit(life: SimNode): void {
    const isPoison = this.#chance() < 0.15
    const victim = this.#pick(this.#world.names)
    const value = `${this.#nextValue()}${isPoison ? ` poison for ${victim}` : ''}`
    const open: OpenCommit = { life, value, dueMs: this.#world.nowMs + settleMaxMs }
    this.#open.add(open)
    life.parts.config.commit(this.#pick(paths), value, { timeoutMs }).then(
      ({ txid, participants }) => {
        this.#open.delete(open)
        this.#count('committed')
        this.#committed({ txid, value, participants, life })
      },
      (thrown: unknown) => {
        this.#open.delete(open)
        this.#failed(thrown)
      },
    )
  }

  #committed(of: {
    txid: string
    value: string
    participants: readonly string[]
    life: SimNode
  }): void {
    const { txid, value, participants, life } = of
    if (this.#refused.has(value))
      this.#violation(`${txid} was committed though a validator refused it`)
    const names = participants.filter(
      (name) =>
        ![...this.#lives].some(
          (each) => each.name === name && this.#accepted.has(`${each.incarnation} ${value}`),
        ),
    )
    if (names.length > 0)
      this.#violation(`${txid} was committed without the yes of ${names.join()}`)
    if (!participants.includes(life.name)) this.#violation(`${life.name} did not ask itself`)
  }

  #failed(thrown: unknown): void {
    if (!isFoundationError(thrown)) {
      this.#violation(`a commit failed with ${String(thrown)}`)
      return
    }
    this.#count(thrown.code)
    const txid = thrown.details?.['txid']
    if (typeof txid !== 'string') return
    this.#aborted.add(txid)
    if (this.#applied.has(txid)) this.#violation(`${txid} was said to be aborted, and applied`)
  }

  #set(life: SimNode): void {
    const value = this.#chance() < 0.2 ? undefined : this.#nextValue()
    const path = this.#pick(paths)
    life.parts.config.set(path, value).then(
      () => {
        this.#count('set')
      },
      () => undefined,
    )
  }

  #changed(life: SimNode, { path, version, txid, value }: ConfigChange): void {
    this.#count('changed')
    const key = `${life.incarnation} ${path}`
    const former = this.#versions.get(key)
    if (former && compareVersions(version, former) <= 0) {
      this.#violation(`${life.name}: the version of "${path}" went back`)
    }
    this.#versions.set(key, version)
    if (txid === undefined) return
    this.#applied.set(txid, `${this.#applied.get(txid) ?? ''} ${life.incarnation}`)
    if (this.#byHand.has(txid)) return
    if (this.#aborted.has(txid)) this.#violation(`${life.name} applied ${txid}, which was aborted`)
    if (this.#refused.has(String(value))) {
      this.#violation(`${life.name} applied ${txid}, which a validator refused`)
    }
  }

  #isUpWhoApplied(txid: string): boolean {
    return this.#world.up.some(({ incarnation }) => this.#applied.get(txid)?.includes(incarnation))
  }

  #checkPromises(): void {
    const { nowMs, clock } = this.#world
    for (const open of this.#open) {
      if (open.life.state !== 'up') this.#open.delete(open)
      else if (clock.isPaused(open.life.name))
        open.dueMs = Math.max(open.dueMs, nowMs + settleMaxMs)
      else if (nowMs > open.dueMs) {
        this.#open.delete(open)
        this.#violation(`commit of "${open.value}" by ${open.life.name} has not settled`)
      }
    }
  }

  #nextValue(): string {
    this.#values += 1
    return `value ${String(this.#values)}`
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }

  #violation(text: string): void {
    this.#world.records.violation(text)
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#chance() * items.length)] as T
  }
}
