/** Where claims arrive: decides what can be decided, and holds the rest until a view is agreed on. */
import type { Arbiter, Claim, Verdict } from './arbiter.ts'

/** What the desk talks to. */
export interface DeskDeps {
  readonly arbiter: Arbiter
  readonly nowMs: () => number
  readonly answer: (claim: Claim, verdict: Verdict) => void
}

/** One a node. */
export class Desk {
  readonly #deps: DeskDeps
  readonly #heldClaimsMax: number
  /** In the order they came. */
  readonly #held = new Map<string, Claim>()

  constructor(deps: DeskDeps, heldClaimsMax: number) {
    this.#deps = deps
    this.#heldClaimsMax = heldClaimsMax
  }

  /** Claims that wait for a view. */
  get held(): number {
    return this.#held.size
  }

  receive(claim: Claim): void {
    const verdict = this.#deps.arbiter.judge(claim, this.#deps.nowMs())
    if (verdict) this.#deps.answer(claim, verdict)
    else if (this.#held.size < this.#heldClaimsMax) this.#held.set(keyOf(claim), claim)
    else this.#deps.answer(claim, { kind: 'stale' })
  }

  release(claim: Omit<Claim, 'incarnation'>): void {
    this.#held.delete(keyOf(claim))
    this.#deps.arbiter.release(claim)
  }

  nodeGone(node: string): void {
    for (const [key, claim] of this.#held) if (claim.node === node) this.#held.delete(key)
    this.#deps.arbiter.nodeGone(node)
  }

  /** Something changed that claims wait for. */
  recheck(): void {
    const held = [...this.#held.values()]
    this.#held.clear()
    for (const claim of held) this.receive(claim)
  }

  stop(): void {
    this.#held.clear()
  }
}

function keyOf({ node, id }: Pick<Claim, 'node' | 'id'>): string {
  return `${String(id)} ${node}`
}
