/**
 * Holds back the first starts of a node until it knows its cluster: several processes that start
 * together would otherwise each be alone for a moment and start every child. Pure.
 */

/** When a node may begin to start children. */
export interface BootGateOptions {
  /** Members, itself included. */
  readonly minMembers: number
  /** How long nobody may have come or gone. Milliseconds. */
  readonly bootStableMs: number
}

/** One a node. Once open it stays open. */
export class BootGate {
  readonly #options: BootGateOptions
  #members = 0
  #changedAtMs: number
  #state: 'closed' | 'open' = 'closed'

  constructor(options: BootGateOptions, nowMs: number) {
    this.#options = options
    this.#changedAtMs = nowMs
  }

  /** Members came or went. */
  changed(members: number, nowMs: number): void {
    this.#members = members
    this.#changedAtMs = nowMs
  }

  isOpen(nowMs: number): boolean {
    if (this.#state === 'open') return true
    const { minMembers, bootStableMs } = this.#options
    if (this.#members < minMembers || nowMs - this.#changedAtMs < bootStableMs) return false
    this.#state = 'open'
    return true
  }
}
