/**
 * What is wrong with the network now, by direction. Decides only; it holds no bytes and no timers.
 * A direction is one ordered pair of node names.
 */
import type { Host } from '../../kernel/index.ts'

/** The delay of one direction: `baseMs` plus up to `jitterMs`. */
export interface Delay {
  readonly baseMs: number
  readonly jitterMs: number
}

/** One direction between two nodes, as its streams ask for it. */
export interface Path {
  /** A delay for the next bytes. Draws from the hub's chance. */
  delayMs(): number
  /** When bytes that are due may arrive: 0 now, Infinity when only a heal lets them through. */
  freeAtMs(): number
}

/** What faults are made of. */
export interface FaultsDeps {
  readonly host: Pick<Host, 'nowMs'>
  /** Seeded chance, from 0 up to 1. */
  readonly random: () => number
  /** Called after each change that may let held bytes through. */
  readonly changed: () => void
}

/** The faults of one hub. Names it was never told of are reachable. */
export class Faults {
  readonly #deps: FaultsDeps
  readonly #usual: Delay
  readonly #delays = new Map<string, Delay>()
  readonly #cuts = new Set<string>()
  readonly #clogs = new Map<string, number>()
  #groups = new Map<string, Set<number>>()

  constructor(deps: FaultsDeps, usual: Delay) {
    this.#deps = deps
    this.#usual = usual
  }

  /** The direction from one node to another. */
  path(from: string, to: string): Path {
    const key = keyOf(from, to)
    return {
      delayMs: () => {
        const { baseMs, jitterMs } = this.#delays.get(key) ?? this.#usual
        return jitterMs === 0 ? baseMs : baseMs + jitterMs * this.#deps.random()
      },
      freeAtMs: () =>
        this.#cuts.has(key) || this.#apart(from, to) ? Infinity : (this.#clogs.get(key) ?? 0),
    }
  }

  /** Sets the delay of one direction for what is sent from now on. */
  delay(from: string, to: string, delay: Delay): void {
    this.#delays.set(keyOf(from, to), delay)
  }

  /** Nothing arrives any more from `from` at `to`; nobody is told. */
  cut(from: string, to: string): void {
    this.#cuts.add(keyOf(from, to))
  }

  /** Ends a `cut` of one direction. */
  mend(from: string, to: string): void {
    this.#cuts.delete(keyOf(from, to))
    this.#deps.changed()
  }

  /** Holds the bytes of one direction for `ms`, then lets them go on in order. */
  clog(from: string, to: string, ms: number): void {
    this.#clogs.set(keyOf(from, to), this.#deps.host.nowMs() + ms)
    this.#deps.changed()
  }

  /** Nodes reach each other only when some group has both; a node in no group reaches all. */
  partition(groups: readonly (readonly string[])[]): void {
    this.#groups = new Map()
    for (const [index, group] of groups.entries()) {
      for (const name of group) {
        this.#groups.set(name, (this.#groups.get(name) ?? new Set()).add(index))
      }
    }
    this.#deps.changed()
  }

  /** Ends every cut, clog and partition. Delays stay. */
  heal(): void {
    this.#cuts.clear()
    this.#clogs.clear()
    this.#groups.clear()
    this.#deps.changed()
  }

  #apart(a: string, b: string): boolean {
    const groupsOfA = this.#groups.get(a)
    const groupsOfB = this.#groups.get(b)
    if (!groupsOfA || !groupsOfB) return false
    return ![...groupsOfA].some((group) => groupsOfB.has(group))
  }
}

function keyOf(from: string, to: string): string {
  return `${from}\n${to}`
}
