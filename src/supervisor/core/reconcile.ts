/**
 * What the home of a child does about it now: one pure decision over what is wanted, what all nodes
 * say, and what has been lost. Asked again on every change and every second, so that nothing depends
 * on an event that was missed.
 *
 * @source level-triggered reconciliation: the controllers of Kubernetes. Horde's edge-triggered
 *   hand-over, by contrast, can start a child twice or never when views differ for a moment.
 */
import { byIncumbency, isLive, type ChildRecord, type Placed } from './records.ts'

/** One child as its home sees it. */
export interface ChildFacts {
  /** Undefined: nobody wants the child. */
  readonly record: ChildRecord | undefined
  /** What the nodes that are up say. */
  readonly placements: readonly Placed[]
  /** Highest epoch ever heard of; 0: it has never been started. */
  readonly lastEpoch: number
  /** Nodes that are in but draining, or on which this child may no longer run. */
  readonly mustLeave: (node: string) => boolean
}

/** What to do. */
export type ChildAction =
  | { readonly kind: 'nothing' }
  /** Start it. With `stateFrom`, from the state a node holds; with `on`, there if that can be. */
  | {
      readonly kind: 'start'
      readonly reason: 'start' | 'failover' | 'move'
      readonly stateFrom?: Placed
      readonly on?: string
    }
  /** It ended by itself; the restart budget has the next word. */
  | { readonly kind: 'ended'; readonly placed: Placed }
  /** It was lost with its node, and its policy is not to start again. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'stop'; readonly placed: Placed; readonly reason: 'stopped' | 'replaced' }
  /** A second one, after a split: it gives its state to `winner` and stops. */
  | { readonly kind: 'surrender'; readonly placed: Placed; readonly winner: Placed }
  /** A hand-over nobody drives any more; the source goes on. */
  | { readonly kind: 'unseal'; readonly placed: Placed }
  /** A trace of a hand-over or an end that has no use any more; calls there go to `to`. */
  | { readonly kind: 'clear'; readonly placed: Placed; readonly to: string | undefined }
  /** It runs where it should not stay. */
  | { readonly kind: 'leave'; readonly placed: Placed }

const nothing: ChildAction = { kind: 'nothing' }

/**
 * The most urgent thing to do about a child of which nothing is under way. The same for the same
 * facts, in whatever order the placements came.
 */
export function reconcile(given: ChildFacts): ChildAction {
  const facts = { ...given, placements: given.placements.toSorted(byIncumbency) }
  const { record, placements } = facts
  const live = placements.filter(isLive)
  if (!record || record.outcome) return clearAway(placements)
  const stale = live.find(({ hash, state }) => hash !== record.hash && state !== 'stopping')
  if (stale) return { kind: 'stop', placed: stale, reason: 'replaced' }
  const [first, second] = live
  if (!first) return bringToLife(facts, record)
  if (second) return settleConflict(live)
  return keepGoing(facts, first)
}

/** Nobody wants it: stop what runs, forget what does not. */
function clearAway(placements: readonly Placed[]): ChildAction {
  const live = placements.find((placed) => isLive(placed) && placed.state !== 'stopping')
  if (live) return { kind: 'stop', placed: live, reason: 'stopped' }
  const trace = placements.find((placed) => !isLive(placed))
  return trace ? { kind: 'clear', placed: trace, to: undefined } : nothing
}

/** The incumbent stays; of the others the youngest gives way first. */
function settleConflict(live: readonly Placed[]): ChildAction {
  // One that does not run yet has nothing to merge into: first it must run, or be gone.
  const winner = live.find(({ state }) => state === 'running' || state === 'sealed')
  const loser = live.findLast(
    (placed) => placed !== winner && placed.state !== 'stopping' && placed.state !== 'starting',
  )
  if (!winner || !loser) return nothing
  // A child in the midst of a hand-over takes no state: it goes on first.
  if (winner.state === 'sealed') return { kind: 'unseal', placed: winner }
  return { kind: 'surrender', placed: loser, winner }
}

function keepGoing({ placements, mustLeave }: ChildFacts, live: Placed): ChildAction {
  if (live.state === 'starting' || live.state === 'stopping') return nothing
  if (live.state === 'sealed') return { kind: 'unseal', placed: live }
  const trace = placements.find((placed) => !isLive(placed))
  if (trace) return { kind: 'clear', placed: trace, to: live.node }
  return mustLeave(live.node) ? { kind: 'leave', placed: live } : nothing
}

/** Nothing runs: with its state when a hand-over was cut short, else anew, or not at all. */
function bringToLife(facts: ChildFacts, record: ChildRecord): ChildAction {
  const { placements } = facts
  const older = olderExport(placements)
  if (older) return { kind: 'clear', placed: older, to: undefined }
  return goOn(placements) ?? startAnew(facts, record)
}

/** What is left of its last life: a state that somebody keeps, or how it ended. */
function goOn(placements: readonly Placed[]): ChildAction | undefined {
  const holder = holderOf(placements)
  const kept = placements.filter((placed) => placed === holder || placed.state === 'exported')
  const [exited] = placements
    .filter(({ state }) => state === 'exited')
    .sort((a, b) => b.epoch - a.epoch)
  // A start with the state that failed counts as any other; it is not tried with it for ever.
  if (exited && kept.every(({ epoch }) => exited.epoch > epoch)) {
    return { kind: 'ended', placed: exited }
  }
  if (kept.length === 0) return undefined
  const stateFrom = holder ? { stateFrom: holder } : {}
  return { kind: 'start', reason: 'move', ...stateFrom, ...targetOf(placements) }
}

function startAnew({ placements, lastEpoch }: ChildFacts, record: ChildRecord): ChildAction {
  const isTemporary = record.spec.restart === 'temporary'
  const reserved = placements.find(({ state }) => state === 'reserved')
  if (reserved && isTemporary) return { kind: 'clear', placed: reserved, to: undefined }
  if (lastEpoch === 0) return { kind: 'start', reason: 'start' }
  if (isTemporary) return { kind: 'complete' }
  return { kind: 'start', reason: 'failover', ...targetOf(placements) }
}

/**
 * Who has the state: the node that stopped the child, unless it has reached the next one. A place
 * that waits with the state of an earlier hand-over counts only when nothing else is left.
 */
function holderOf(placements: readonly Placed[]): Placed | undefined {
  const holders = placements.filter(({ hasState }) => hasState === true)
  const exported = holders.find(({ state }) => state === 'exported')
  const arrived = holders.filter(({ state }) => state === 'reserved')
  const next = exported ? arrived.filter(({ move }) => move === exported.move) : arrived
  return next.at(-1) ?? exported
}

/** After a split several nodes may keep a state; the one of the latest start counts. */
function olderExport(placements: readonly Placed[]): Placed | undefined {
  const exported = placements.filter(({ state }) => state === 'exported')
  return exported.length > 1 ? exported.sort((a, b) => a.epoch - b.epoch)[0] : undefined
}

/** A node that holds calls of the child should get it. */
function targetOf(placements: readonly Placed[]): { on?: string } {
  const reserved = placements.find(({ state }) => state === 'reserved')
  return reserved ? { on: reserved.node } : {}
}
