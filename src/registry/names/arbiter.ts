/**
 * Decides who gets the names this node is the arbiter of, one claim after the other. Pure: time and
 * epochs are given. A name is taken when somebody has it, or was granted it and has not said so yet.
 */
import type { EpochClock } from './epoch-clock.ts'
import type { Agreement } from './agreement.ts'
import type { NameTable } from './name-table.ts'

/** Somebody asks for a name. */
export interface Claim {
  readonly node: string
  readonly incarnation: string
  /** Number of the claim, in the claimant's count. */
  readonly id: number
  readonly name: string
}

/** The answer. `stale`: ask again, here or somewhere else. */
export type Verdict =
  | { readonly kind: 'granted'; readonly epoch: number }
  | { readonly kind: 'taken'; readonly node: string }
  | { readonly kind: 'stale' }

interface Grant {
  readonly node: string
  readonly incarnation: string
  readonly id: number
  readonly epoch: number
  readonly atMs: number
}

/** What the arbiter looks at. */
export interface ArbiterDeps {
  readonly self: string
  readonly table: NameTable
  /** The node of a child that has this id, or will have it; its home is the arbiter of the name. */
  readonly childAt: (name: string) => string | undefined
  readonly agreement: Agreement
  readonly epochs: EpochClock
}

/** The bounds. */
export interface ArbiterBounds {
  /** Names granted and not seen yet; beyond it claims are asked to come again. */
  readonly grantsMax: number
  /** A grant nobody made use of for this long is void. Milliseconds. */
  readonly grantKeepMs: number
}

/** One a node. */
export class Arbiter {
  readonly #deps: ArbiterDeps
  readonly #bounds: ArbiterBounds
  readonly #grants = new Map<string, Grant>()

  constructor(deps: ArbiterDeps, bounds: ArbiterBounds) {
    this.#deps = deps
    this.#bounds = bounds
  }

  /** Names granted whose owners have not said so yet. */
  get grants(): number {
    return this.#grants.size
  }

  /** @returns undefined when it is this node's to decide, but not yet. */
  judge(claim: Claim, nowMs: number): Verdict | undefined {
    const { agreement, self } = this.#deps
    const { name } = claim
    if (agreement.view.arbiterOf(name) !== self) return { kind: 'stale' }
    if (!agreement.isReadyFor(name)) return undefined
    const holder = this.#deps.childAt(name) ?? this.#othersHolder(claim)
    if (holder !== undefined) return { kind: 'taken', node: holder }
    const grant = this.#grants.get(name)
    if (grant?.id === claim.id) return { kind: 'granted', epoch: grant.epoch }
    if (!grant && this.#grants.size >= this.#bounds.grantsMax) return { kind: 'stale' }
    return { kind: 'granted', epoch: this.#grant(claim, nowMs) }
  }

  /** Whom the name was granted to who has not said so yet. */
  granteeOf(name: string): string | undefined {
    return this.#grants.get(name)?.node
  }

  /** The claimant has the name now, and everybody hears of it. */
  seen(name: string, node: string, epoch: number): void {
    const grant = this.#grants.get(name)
    if (grant?.node === node && grant.epoch <= epoch) this.#grants.delete(name)
  }

  /** The claimant made no use of its grant. */
  release({ name, node, id }: Omit<Claim, 'incarnation'>): void {
    const grant = this.#grants.get(name)
    if (grant?.node === node && grant.id === id) this.#grants.delete(name)
  }

  /** Grants of a node that went are void. */
  nodeGone(node: string): void {
    for (const [name, grant] of this.#grants) if (grant.node === node) this.#grants.delete(name)
  }

  /** Grants nobody made use of are void. */
  sweep(nowMs: number): void {
    for (const [name, { atMs }] of this.#grants) {
      // Oldest first.
      if (nowMs - atMs < this.#bounds.grantKeepMs) return
      this.#grants.delete(name)
    }
  }

  /**
   * Who else has the name, or was granted it. Of its own names a claimant knows better: this node
   * has not heard yet that it gave one up.
   */
  #othersHolder(claim: Claim): string | undefined {
    for (const { log } of this.#deps.table.owners(claim.name)) {
      if (!isSameLife({ node: log.owner, incarnation: log.incarnation }, claim)) return log.owner
    }
    const grant = this.#grants.get(claim.name)
    return grant && !isSameLife(grant, claim) ? grant.node : undefined
  }

  #grant({ name, node, incarnation, id }: Claim, atMs: number): number {
    const epoch = this.#deps.epochs.next()
    this.#grants.delete(name)
    this.#grants.set(name, { node, incarnation, id, epoch, atMs })
    return epoch
  }
}

function isSameLife(
  a: { readonly node: string; readonly incarnation: string },
  b: { readonly node: string; readonly incarnation: string },
): boolean {
  return a.node === b.node && a.incarnation === b.incarnation
}
