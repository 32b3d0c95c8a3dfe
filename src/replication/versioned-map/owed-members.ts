/**
 * Members a deletion must be remembered for: those that are in, and those that may come back with
 * what they held. Pure. A process that is gone takes its records with it and is owed nothing.
 */

/** Why a member ended that says its process is gone. */
const endsOfLife: readonly string[] = ['left', 'crashed', 'stopped', 'replaced']

interface Owed {
  readonly incarnation: string
  /** When it went away, on the host's clock; undefined while it is up. */
  readonly awayMs: number | undefined
}

/** One a map. */
export class OwedMembers {
  readonly #members = new Map<string, Owed>()
  readonly #forgetAfterMs: number

  constructor(forgetAfterMs: number) {
    this.#forgetAfterMs = forgetAfterMs
  }

  up(name: string, incarnation: string): void {
    this.#members.set(name, { incarnation, awayMs: undefined })
  }

  /** @param cause membership's word on why. */
  down(name: string, incarnation: string, at: { cause?: string | undefined; nowMs: number }): void {
    if (this.#members.get(name)?.incarnation !== incarnation) return
    if (endsOfLife.includes(at.cause ?? '')) this.#members.delete(name)
    else this.#members.set(name, { incarnation, awayMs: at.nowMs })
  }

  /** Who is owed now; those away for too long are forgotten. */
  names(nowMs: number): string[] {
    for (const [name, { awayMs }] of this.#members) {
      if (awayMs !== undefined && nowMs - awayMs >= this.#forgetAfterMs) this.#members.delete(name)
    }
    return [...this.#members.keys()]
  }
}
