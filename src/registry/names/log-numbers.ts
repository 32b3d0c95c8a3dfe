/** A small number for each log that names are kept of, for a column of whose they are. */
import type { LogName } from '../../replication/index.ts'

interface Numbered {
  readonly log: LogName
  readonly number: number
  /** Names that bear it; at 0 the number is another log's to take. */
  uses: number
}

/** The numbers in use. */
export class LogNumbers {
  /** By the log as it was given: its entries all bear one and the same object. */
  readonly #byLog = new Map<LogName, Numbered>()
  readonly #byNumber: (Numbered | undefined)[] = []
  readonly #free: number[] = []

  /** The number of a log, for one name more. */
  take(log: LogName): number {
    const known = this.#byLog.get(log) ?? this.#add(log)
    known.uses += 1
    return known.number
  }

  /** One name less bears the number. */
  release(number: number): void {
    const known = this.#byNumber[number]
    if (!known) return
    known.uses -= 1
    if (known.uses > 0) return
    this.#byLog.delete(known.log)
    this.#byNumber[number] = undefined
    this.#free.push(number)
  }

  /** Whose number it is. @throws {Error} when nobody has it */
  logOf(number: number): LogName {
    const known = this.#byNumber[number]
    if (!known) throw new Error(`No log has the number ${String(number)}`)
    return known.log
  }

  /** How many names bear a number of that owner. */
  usesBy(owner: string): number {
    let uses = 0
    for (const known of this.#byLog.values()) if (known.log.owner === owner) uses += known.uses
    return uses
  }

  #add(log: LogName): Numbered {
    const number = this.#free.pop() ?? this.#byNumber.length
    const known = { log, number, uses: 0 }
    this.#byNumber[number] = known
    this.#byLog.set(log, known)
    return known
  }
}
