/** Whether this node may have its name: a live node that started earlier keeps it. */
import { FoundationError } from '../../kernel/index.ts'
import type { NodeIdentity } from '../../transport/index.ts'
import type { DialNews } from './dialer.ts'

/** Who refused this node for its name, and in what words. */
export interface NameRefusal {
  readonly address: string
  readonly error: FoundationError
}

/** What is told of a refusal. */
export interface OwnNameDeps {
  /** Each time this node is refused for its name; `isNews` when it was not refused before. */
  readonly refused: (refusal: NameRefusal, isNews: boolean) => void
}

/** One a node. */
export class OwnName {
  readonly #deps: OwnNameDeps
  #refusal: NameRefusal | undefined

  constructor(deps: OwnNameDeps) {
    this.#deps = deps
  }

  /** Why this node cannot join, until a dial of the address that refused it succeeds, or nobody listens there. */
  get refusal(): FoundationError | undefined {
    return this.#refusal?.error
  }

  /**
   * While it is refused, this node links to nobody but whoever refused it: others would take it for
   * the holder of the name. A namesake is always heard, to learn who started earlier.
   */
  mayLink(peer: NodeIdentity, self: NodeIdentity): boolean {
    if (this.#refusal === undefined || peer.name === self.name) return true
    return peer.addresses.includes(this.#refusal.address)
  }

  /** A node with our name that started earlier came to us. */
  readonly clash = (other: NodeIdentity): void => {
    const { name } = other
    const message = `Node name "${name}" is in use by a node that started earlier; choose another`
    const details = { reason: 'name_in_use', name }
    const error = new FoundationError('FND_NAME_IN_USE', message, { details })
    this.#refusedAt(other.addresses[0] ?? name, error)
  }

  readonly dialFailed: DialNews['failed'] = (address, reason, error) => {
    if (reason === 'name_in_use') this.#refusedAt(address, error)
    // Whoever refused us is gone; if the name is still held, the next one will say so.
    else if (reason === 'refused' && this.#refusal?.address === address) this.#refusal = undefined
  }

  readonly dialReached: DialNews['reached'] = (_peer, address) => {
    if (this.#refusal?.address === address) this.#refusal = undefined
  }

  #refusedAt(address: string, error: FoundationError): void {
    const isNews = this.#refusal === undefined
    this.#refusal = { address, error }
    this.#deps.refused(this.#refusal, isNews)
  }
}
