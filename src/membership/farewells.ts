/** Who announced its leave, and the announcement of our own. */
import type { NodeIdentity, Router } from '../transport/index.ts'
import { leavingMessage } from './messages.ts'

/** What farewells need. */
export interface FarewellsDeps {
  readonly router: Router
  readonly self: () => NodeIdentity
  /** The incarnation of the peer a link is up to. */
  readonly linkedIncarnation: (name: string) => string | undefined
}

/** One a node. */
export class Farewells {
  readonly #deps: FarewellsDeps
  /** Announced incarnations by name: at most one a link. */
  readonly #leaving = new Map<string, string>()

  constructor(deps: FarewellsDeps) {
    this.#deps = deps
    deps.router.handle(leavingMessage.code, (body, { from }) => {
      const { incarnation } = leavingMessage.decode(body)
      if (deps.linkedIncarnation(from) === incarnation) this.#leaving.set(from, incarnation)
    })
  }

  /** Tells a peer that this node is about to stop. */
  say(peer: string): void {
    const { incarnation } = this.#deps.self()
    this.#deps.router.send(peer, 'control', leavingMessage.encode({ incarnation }))
  }

  /** Whether that incarnation announced its leave: the end of its link is then no failure. */
  heardFrom(name: string, incarnation: string | undefined): boolean {
    return incarnation !== undefined && this.#leaving.get(name) === incarnation
  }

  forget(name: string): void {
    this.#leaving.delete(name)
  }
}
