/**
 * Virtual time and seeded chance for many nodes in one process. Nothing happens by itself: events
 * run, one after the other, while somebody awaits `advance`.
 */
import { systemHost, type Host, type Timer } from '../kernel/index.ts'
import { hash32, seededChance, type Chance } from './chance.ts'
import { EventQueue, type QueuedEvent } from './event-queue.ts'

/** How a clock begins. */
export interface VirtualClockOptions {
  /** Decides every tie and every random number. A safe integer, 0 or more. */
  readonly seed: number
  /** What every node's wall clock shows at the start, milliseconds since 1970. */
  readonly wallClockMs?: number
}

/** One life of one node: a restart under the same name is another. */
interface Life {
  readonly node: string
  readonly tieSeed: number
  readonly chance: Chance
  state: 'alive' | 'dead'
  pausedUntilMs: number
}

interface Scheduled extends QueuedEvent {
  atMs: number
  readonly life: Life
  readonly run: () => void
  state: 'waiting' | 'cancelled'
}

const wallClockDefaultMs = Date.UTC(2025, 0, 1)
const microsPerMs = 1_000

/** One a simulation. */
export class VirtualClock {
  readonly #seed: number
  readonly #wallStartMs: number
  readonly #queue = new EventQueue<Scheduled>()
  readonly #lives = new Map<string, Life>()
  readonly #wallOffsetsMs = new Map<string, number>()
  #nowMs = 0
  #order = 0
  #livesBegun = 0
  #events = 0
  #traceLow = 0x811c9dc5
  #traceHigh = 0x01234567
  #advancing: Promise<void> = Promise.resolve()

  constructor({ seed, wallClockMs = wallClockDefaultMs }: VirtualClockOptions) {
    this.#seed = seed
    this.#wallStartMs = wallClockMs
  }

  /** Virtual milliseconds since the clock was made. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Events run so far. */
  get events(): number {
    return this.#events
  }

  /** Hash of everything that happened so far, in order: equal for equal runs. 16 hex digits. */
  get traceHash(): string {
    const hex = (part: number): string => part.toString(16).padStart(8, '0')
    return hex(this.#traceHigh) + hex(this.#traceLow)
  }

  /** Time and chance of one node, until it is killed; then a call gives those of its next life. */
  host(node: string): Host {
    const life = this.#lifeOf(node)
    const after = (delayMs: number, run: () => void): Timer => this.#schedule(life, delayMs, run)
    return {
      nowMs: () => this.#nowMs,
      wallClockMs: () => Math.floor(this.#wallStartMs + this.#nowMs + this.#wallOffsetMs(node)),
      random: life.chance,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => life.chance() * 256),
      after,
      defer: (run) => {
        after(0, run)
      },
    }
  }

  /** Seeded chance that belongs to no node, e.g. to the network or the scenario. */
  chance(label: string): Chance {
    return seededChance(this.#seed, label)
  }

  /** Blocks a node: its timers and its bytes run late, in order, after `ms`. */
  pause(node: string, ms: number): void {
    const life = this.#lifeOf(node)
    life.pausedUntilMs = Math.max(life.pausedUntilMs, this.#nowMs + ms)
  }

  /**
   * Moves the wall clock of a node; its monotonic clock does not notice. The clock belongs to its
   * machine: the next life of the node has it too.
   */
  wallJump(node: string, ms: number): void {
    this.#wallOffsetsMs.set(node, this.#wallOffsetMs(node) + ms)
  }

  /** The node is gone with all its timers; hosts it was given schedule nothing any more. */
  killed(node: string): void {
    const life = this.#lives.get(node)
    if (life) life.state = 'dead'
    this.#lives.delete(node)
  }

  /** True while `pause` lasts. */
  isPaused(node: string): boolean {
    return this.#lifeOf(node).pausedUntilMs > this.#nowMs
  }

  /** Adds a fact to the trace, e.g. what a node received. */
  note(node: string, label: string): void {
    const text = `${String(Math.round(this.#nowMs * microsPerMs))} ${node} ${label}`
    this.#traceLow = hash32(text, this.#traceLow)
    this.#traceHigh = hash32(text, this.#traceHigh)
  }

  /**
   * Runs everything that is due in the next `ms`, with all promises that follow from each event
   * settled before the next. Calls wait for each other.
   */
  advance(ms: number): Promise<void> {
    this.#advancing = this.#advancing.then(() => this.#runUntil(this.#nowMs + ms))
    return this.#advancing
  }

  async #runUntil(endMs: number): Promise<void> {
    await promisesSettled()
    for (let next = this.#queue.first; next && next.atMs <= endMs; next = this.#queue.first) {
      this.#queue.shift()
      if (next.state === 'cancelled' || next.life.state === 'dead') continue
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      if (next.life.pausedUntilMs > this.#nowMs) {
        next.atMs = next.life.pausedUntilMs
        this.#queue.push(next)
        continue
      }
      this.#events += 1
      this.note(next.life.node, '')
      next.run()
      await promisesSettled()
    }
    this.#nowMs = endMs
  }

  #schedule(life: Life, delayMs: number, run: () => void): Timer {
    if (life.state === 'dead') return { cancel: () => undefined }
    const dueMs = this.#nowMs + Math.max(0, delayMs)
    const tie = hash32(String(dueMs), life.tieSeed)
    const order = (this.#order += 1)
    const scheduled: Scheduled = { atMs: dueMs, dueMs, tie, order, life, run, state: 'waiting' }
    this.#queue.push(scheduled)
    return {
      cancel: () => {
        scheduled.state = 'cancelled'
      },
    }
  }

  #wallOffsetMs(node: string): number {
    return this.#wallOffsetsMs.get(node) ?? 0
  }

  #lifeOf(node: string): Life {
    const known = this.#lives.get(node)
    if (known) return known
    this.#livesBegun += 1
    const label = `${node} ${String(this.#livesBegun)}`
    const life: Life = {
      node,
      tieSeed: hash32(label, hash32(String(this.#seed))),
      chance: seededChance(this.#seed, label),
      state: 'alive',
      pausedUntilMs: 0,
    }
    this.#lives.set(node, life)
    return life
  }
}

/** Resolves when every promise that can settle without time passing has settled. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    systemHost.defer(resolve)
  })
}
