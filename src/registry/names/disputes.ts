/**
 * Names of this node that another owner seems to keep. What a node shows of another may be old: that
 * one may have given the name up, its arbiter have granted it here, and the news of it be on their
 * way. It is as of today once the other has heard of this node's claim and has answered.
 */
import type { OwnerLog } from '../../replication/index.ts'

/** One a node. */
export class Disputes {
  readonly #ownerLog: Pick<OwnerLog, 'sequence' | 'isKnown' | 'heldBy'>
  /** Number of this node's last change when the other owner was met. */
  readonly #metAt = new Map<string, number>()

  constructor(ownerLog: Pick<OwnerLog, 'sequence' | 'isKnown' | 'heldBy'>) {
    this.#ownerLog = ownerLog
  }

  /** Names that are not decided yet. */
  get names(): readonly string[] {
    return [...this.#metAt.keys()]
  }

  /** Whether the other owner still keeps the name, in the knowledge that it is claimed here. */
  isDecided(name: string, owner: string): boolean {
    const log = this.#ownerLog
    const metAt = this.#metAt.get(name) ?? log.sequence
    this.#metAt.set(name, metAt)
    return log.isKnown(owner) && log.heldBy(owner) >= metAt
  }

  /** It is this node's, or not any more. */
  end(name: string): void {
    this.#metAt.delete(name)
  }

  /** The node stops. */
  clear(): void {
    this.#metAt.clear()
  }
}
