/**
 * When this node may decide about a name it is the arbiter of. Pure: time is an argument.
 *
 * Every node states its view to all others, with how far its owner log goes. A new arbiter answers
 * once every member of its view has stated the same one and it holds their logs that far: by then the
 * former arbiter has stopped, and whatever it granted is in those logs. A node that was the arbiter
 * of the name while members only went goes on without a break. When members do not come to the same
 * view in time (links that not everybody has), it decides with what it knows: every side of a
 * partition keeps serving, and a duplicate is resolved when the owners meet.
 * @source view-synchronous grain directory of Orleans: recovery by asking all of the new view.
 */
import type { View } from './view.ts'

/** What a node says of its view. */
export interface Statement {
  /** {@link View.id} */
  readonly view: string
  readonly incarnation: string
  /** Number of the last change of its owner log when it took on the view. */
  readonly sequence: number
}

/** What the agreement asks. */
export interface AgreementDeps {
  readonly self: string
  /** Whether changes of that life of the member are here up to that number. */
  readonly hasReached: (node: string, incarnation: string, sequence: number) => boolean
}

/** Views that may follow one another without an agreement before all names wait for the next one. */
const shrinkingMax = 16

/** One a node. */
export class Agreement {
  readonly #deps: AgreementDeps
  readonly #agreeTimeoutMs: number
  readonly #statements = new Map<string, Statement>()
  #view: View
  #changedAtMs: number
  #isSettled = false
  /** The views from the last agreement to the present one, if members only went since; else empty. */
  #shrinking: readonly View[] = []

  constructor(deps: AgreementDeps, first: { view: View; nowMs: number; agreeTimeoutMs: number }) {
    this.#deps = deps
    this.#view = first.view
    this.#changedAtMs = first.nowMs
    this.#agreeTimeoutMs = first.agreeTimeoutMs
  }

  get view(): View {
    return this.#view
  }

  /** Every member has the present view, or was waited for long enough. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Members came or went. */
  viewChanged(view: View, nowMs: number): void {
    const former = this.#view
    const known = this.#isSettled ? [former] : this.#shrinking
    // Who comes in may bring names, and arbiters that have not heard of this node: all must agree.
    const isShrinking = known.length > 0 && known.length < shrinkingMax && isSubset(view, former)
    this.#shrinking = isShrinking ? [...known, view] : []
    this.#view = view
    this.#isSettled = false
    this.#changedAtMs = nowMs
  }

  /** A member has stated its view. */
  stated(node: string, statement: Statement): void {
    this.#statements.set(node, statement)
  }

  /** The member is gone, and what it said with it. */
  forget(node: string): void {
    this.#statements.delete(node)
  }

  /** @returns true when the view has been agreed on just now, or was waited for long enough. */
  check(nowMs: number): boolean {
    if (this.#isSettled) return false
    const isOverdue = nowMs - this.#changedAtMs >= this.#agreeTimeoutMs
    if (!isOverdue && ![...this.#view.members.keys()].every((name) => this.#agrees(name))) {
      return false
    }
    this.#isSettled = true
    this.#shrinking = []
    return true
  }

  /** Whether this node, the arbiter of the name, may decide about it now. */
  isReadyFor(name: string): boolean {
    if (this.#isSettled) return true
    const { self } = this.#deps
    return (
      this.#shrinking.length > 0 && this.#shrinking.every((view) => view.arbiterOf(name) === self)
    )
  }

  #agrees(name: string): boolean {
    if (name === this.#deps.self) return true
    const statement = this.#statements.get(name)
    const member = this.#view.members.get(name)
    if (!statement || statement.view !== this.#view.id) return false
    if (statement.incarnation !== member?.incarnation) return false
    return this.#deps.hasReached(name, statement.incarnation, statement.sequence)
  }
}

function isSubset(view: View, of: View): boolean {
  return [...view.members.values()].every(
    ({ name, incarnation }) => of.members.get(name)?.incarnation === incarnation,
  )
}
