/** What happened to each member, within a bound. Pure: time is an argument. */
import type { MemberCause, MembershipEvent } from '../membership/index.ts'

/** News of a member. */
export type MemberNews = Exclude<MembershipEvent, { type: 'trouble' }>

/** One change of one member. Plain JSON. */
export interface MemberChange {
  readonly type: MemberNews['type']
  readonly incarnation: string
  readonly cause?: MemberCause
  /** Wall clock, for people. */
  readonly at: number
}

/** A member that comes and goes. */
export interface Flapping {
  readonly name: string
  /** Times it came or was given up within a minute. */
  readonly changes: number
}

interface Entry {
  readonly change: MemberChange
  readonly atMs: number
}

/** The moment on both clocks. */
export interface Moment {
  readonly nowMs: number
  readonly wallMs: number
}

const namesMax = 4_096
const flapWindowMs = 60_000

/** One a node. */
export class MemberHistory {
  readonly #entries = new Map<string, Entry[]>()
  readonly #changesMax: number

  /** @param changesMax changes remembered of each member. */
  constructor(changesMax: number) {
    this.#changesMax = changesMax
  }

  note({ type, member, cause }: MemberNews, { nowMs, wallMs }: Moment): void {
    const { name, incarnation } = member
    const known = this.#entries.get(name) ?? []
    const change = { type, incarnation, ...(cause && { cause }), at: wallMs }
    // The name that changed last is last, so that the first is the one to forget.
    this.#entries.delete(name)
    this.#entries.set(name, [...known, { change, atMs: nowMs }].slice(-this.#changesMax))
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > namesMax && oldest !== undefined) this.#entries.delete(oldest)
  }

  /** Oldest first. */
  of(name: string): MemberChange[] {
    return (this.#entries.get(name) ?? []).map(({ change }) => change)
  }

  /** When the member last changed, in monotonic time. */
  changedAtMs(name: string): number | undefined {
    return this.#entries.get(name)?.at(-1)?.atMs
  }

  /** Who came or was given up at least `min` times within a minute. A leave in order is no flap. */
  flapping(min: number, nowMs: number): Flapping[] {
    const all = [...this.#entries].map(([name, entries]) => ({
      name,
      changes: entries.filter((entry) => nowMs - entry.atMs <= flapWindowMs && isFlap(entry))
        .length,
    }))
    return all.filter(({ changes }) => changes >= min)
  }
}

function isFlap({ change: { type, cause } }: Entry): boolean {
  return type === 'member-up' || (type === 'member-down' && cause !== 'quarantined')
}
