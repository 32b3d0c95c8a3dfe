/** What users do in the suite of children: start, stop, move, call, break. Seeded. */
import { isFoundationError } from '../../../src/kernel/index.ts'
import type { Chance } from '../../../src/testing/index.ts'
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'
import type { Oracle } from './oracle.ts'
import { habits, type Habit, type SimArgs } from './sim-child.ts'

/** Children that are started once and never taken back: what was accepted must stay. */
export const kept: readonly string[] = Array.from({ length: 8 }, (_, at) => `kept:${String(at)}`)
/** Children that come and go. */
const fleeting: readonly string[] = Array.from({ length: 5 }, (_, at) => `fleeting:${String(at)}`)

/** What a remote of a child of the simulation offers. */
export interface SimRemote {
  work(number: number, workMs: number): number
  read(): number
  fail(): void
}

/** An accepted child, and who held its record then. */
interface Accepted {
  readonly holders: readonly SimNode[]
}

const requestTimeoutMs = 4_000
const callTimeoutMs = 1_500
/** An answer may come this much after its deadline, or after the node that asked woke up. */
const deadlineSlackMs = 1_000

/** Something that was asked of a life and has no answer yet. */
interface OpenRequest {
  readonly life: SimNode
  readonly what: string
  untilMs: number
}

/** One a world. */
export class ChildrenWorkload {
  readonly accepted: Map<string, Accepted> = new Map()
  readonly #world: World
  readonly #oracle: Oracle
  readonly #chance: Chance
  readonly #open = new Map<number, OpenRequest>()
  #numbers = 0

  constructor(world: World, oracle: Oracle) {
    this.#world = world
    this.#oracle = oracle
    this.#chance = world.chance('children')
  }

  /** Requests that are not settled. */
  get open(): number {
    return this.#open.size
  }

  /** Every life that is awake may do something. */
  step(): void {
    for (const life of this.#world.awake) {
      if (this.#chance() < 0.03) this.#start(life)
      if (this.#chance() < 0.004) this.#stop(life)
      if (this.#chance() < 0.008) this.#move(life)
      if (this.#chance() < 0.06) void this.call(life, this.#anyId(), this.#chance() * 40)
      if (this.#chance() < 0.002) this.#break(life)
      if (this.#chance() < 0.001) this.#drain(life)
    }
  }

  /** Every request ends by its deadline, unless its node is gone, or paused with its timers. */
  checkOpen(): void {
    const { nowMs, clock, records } = this.#world
    for (const [number, request] of this.#open) {
      const { life, what } = request
      if (clock.isPaused(life.name)) {
        request.untilMs = Math.max(request.untilMs, nowMs + deadlineSlackMs)
      } else if (nowMs > request.untilMs) {
        this.#open.delete(number)
        records.violation(`${life.incarnation} ${life.name}: ${what} has not ended by its deadline`)
      }
    }
  }

  /** The life is over: nobody waits for its requests. */
  forget(life: SimNode): void {
    for (const [number, request] of this.#open) {
      if (request.life === life) this.#open.delete(number)
    }
  }

  /** One numbered call; true when it returned a value. */
  async call(life: SimNode, id: string, workMs = 0): Promise<number | undefined> {
    const number = (this.#numbers += 1)
    const timeoutMs = callTimeoutMs
    const remote = life.parts.supervisor.get<SimRemote>(id, { timeoutMs })
    try {
      const value = await this.#tracked(
        life,
        `call of ${id}`,
        remote.work(number, workMs),
        timeoutMs,
      )
      this.#oracle.count('child calls with a value')
      if (!this.#oracle.hasWorked(number)) {
        this.#world.records.violation(`call ${String(number)} of ${id} has a value and never ran`)
      }
      return value
    } catch {
      this.#oracle.count('child calls that failed')
      return undefined
    }
  }

  #start(life: SimNode): void {
    const isKept = this.#chance() < 0.7
    const id = this.#pick(isKept ? kept : fleeting)
    const habit = isKept ? habitOf(id) : this.#pick(habits)
    const service = isKept && id.endsWith('3') ? 'Rare' : 'Counter'
    const ack = this.#chance() < 0.5 ? 'accepted' : 'running'
    const args: SimArgs = { habit }
    const started = life.parts.supervisor.startChild(
      { id, service, args, ack, shutdownMs: 300, ...(isKept && { maxRestarts: 100 }) },
      { timeoutMs: requestTimeoutMs },
    )
    this.#tracked(life, `start of ${id}`, started, requestTimeoutMs).then(
      () => {
        this.#oracle.count('child accepted')
        if (isKept) this.#wasAccepted(id)
      },
      (thrown: unknown) => {
        const code = isFoundationError(thrown) ? thrown.code : String(thrown)
        this.#oracle.count(`child refused: ${code}`)
      },
    )
  }

  #stop(life: SimNode): void {
    const id = this.#pick(fleeting)
    const stopped = life.parts.supervisor.stopChild(id, { timeoutMs: requestTimeoutMs })
    this.#tracked(life, `stop of ${id}`, stopped, requestTimeoutMs).then(
      () => {
        this.#oracle.count('child taken back')
      },
      () => undefined,
    )
  }

  #move(life: SimNode): void {
    const id = this.#anyId()
    const to = this.#pick(this.#world.names)
    const moved = life.parts.supervisor.move(id, to, { timeoutMs: requestTimeoutMs })
    this.#tracked(life, `move of ${id}`, moved, requestTimeoutMs).then(
      () => {
        this.#oracle.count('child moved')
      },
      () => {
        this.#oracle.count('child not moved')
      },
    )
  }

  #break(life: SimNode): void {
    const remote = life.parts.supervisor.get<SimRemote>(this.#anyId(), { timeoutMs: callTimeoutMs })
    remote.fail().catch(() => undefined)
  }

  #drain(life: SimNode): void {
    const { supervisor } = life.parts
    const timeoutMs = 2_000
    this.#tracked(life, 'drain', supervisor.drain({ timeoutMs }), timeoutMs).then(
      () => {
        this.#oracle.count('node drained')
        if (life.state === 'up') supervisor.resume()
      },
      () => undefined,
    )
  }

  /** Whoever holds the record now must not lose it; one that was killed just now held it too. */
  #wasAccepted(id: string): void {
    const lives = [...this.#world.lives.values()].filter(({ parts }) => holds(parts, id))
    const holders = lives.filter(({ state }) => state !== 'ended')
    if (this.#oracle.isSettled && this.#world.up.length > 2 && lives.length < 2) {
      this.#world.records.violation(`child ${id} was accepted, and one node knows of it`)
    }
    if (!this.accepted.has(id)) this.accepted.set(id, { holders })
  }

  async #tracked<T>(
    ...[life, what, work, timeoutMs]: [SimNode, string, Promise<T>, number]
  ): Promise<T> {
    const number = (this.#numbers += 1)
    const untilMs = this.#world.nowMs + timeoutMs + deadlineSlackMs
    this.#open.set(number, { life, what, untilMs })
    try {
      return await work
    } finally {
      this.#open.delete(number)
    }
  }

  #anyId(): string {
    return this.#pick(this.#chance() < 0.7 ? kept : fleeting)
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#chance() * items.length)] as T
  }
}

/** True when the life knows that the child is wanted. */
export function holds(parts: SimNode['parts'], id: string): boolean {
  return parts.versionedMap.space('children').get(id) !== undefined
}

/** Kept children behave well enough to run; each in its own way. */
function habitOf(id: string): Habit {
  const ways: readonly Habit[] = [
    'plain',
    'slow',
    'plain',
    'plain',
    'fat',
    'stubborn',
    'pinned',
    'parent',
  ]
  return ways[Number(id.slice(-1))] ?? 'plain'
}
