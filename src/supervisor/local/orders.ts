/** What this node does when it is told to, each order taken only from the home of the child. */
import { FoundationError } from '../../kernel/index.ts'
import type { CommandHandlers } from '../commander.ts'
import type { Done, ExportedState } from '../commands.ts'
import type { Views } from '../views.ts'
import type { PackedState } from './child-state.ts'
import type { Runner } from './runner.ts'

/** What {@link ordersTo} needs. */
export interface OrdersDeps {
  readonly runner: Runner
  readonly views: Pick<Views, 'homeOf'>
  readonly self: string
  /** Number of this node's last change in the owner log. */
  readonly sequence: () => number
}

/** Orders about a child that runs here, or shall. */
type ChildCommand = 'start' | 'stop' | 'clear'

/** Orders of a hand-over, and of a child that gives way to another. */
type HandoverCommand =
  'reserve' | 'seal' | 'carry' | 'retire' | 'unseal' | 'surrender' | 'merge' | 'kept' | 'state'

/** Commands that a {@link Runner} carries out. */
export type RunnerCommand = ChildCommand | HandoverCommand

/** Handlers of the orders. */
export function ordersTo(deps: OrdersDeps): Pick<CommandHandlers, RunnerCommand> {
  return { ...childOrders(deps), ...handoverOrders(deps) }
}

function childOrders(deps: OrdersDeps): Pick<CommandHandlers, ChildCommand> {
  const { runner } = deps
  const done = answersOf(deps).done
  const checked = checkOf(deps)
  return {
    start: async (ask, from) => {
      const passed = await runner.start(checked(ask, from))
      return { ...done(), ...(passed === undefined ? {} : { passed }) }
    },
    stop: (ask, from) => runner.stop(checked(ask, from)).then(done),
    clear: (ask, from) => {
      runner.clear(checked(ask, from))
      return done()
    },
  }
}

function handoverOrders(deps: OrdersDeps): Pick<CommandHandlers, HandoverCommand> {
  const { handovers } = deps.runner
  const { done, exported } = answersOf(deps)
  const checked = checkOf(deps)
  return {
    reserve: (ask, from) => {
      handovers.reserve(checked(ask, from))
      return done()
    },
    seal: (ask, from) => handovers.seal(checked(ask, from)).then(exported),
    carry: (ask, from) => handovers.carry(checked(ask, from)).then(done),
    retire: (ask, from) => handovers.retire(checked(ask, from)).then(done),
    unseal: (ask, from) => {
      handovers.unseal(checked(ask, from).id)
      return done()
    },
    surrender: (ask, from) => handovers.surrender(checked(ask, from)).then(exported),
    merge: (ask, from) => handovers.merge(checked(ask, from)).then(done),
    kept: (ask, from) => exported(handovers.kept(checked(ask, from))),
    state: (ask) => handovers.pieceOf(ask),
  }
}

interface Answers {
  readonly done: () => Done
  readonly exported: (packed: PackedState | undefined) => ExportedState
}

function answersOf({ sequence }: OrdersDeps): Answers {
  const done = (): Done => ({ sequence: sequence() })
  return {
    done,
    exported: (packed) => {
      if (!packed) return done()
      const { bytes, checksum, version } = packed
      return { ...done(), stateBytes: bytes.length, checksum, version }
    },
  }
}

/** Gives the order back when it comes from the child's home. @throws {FoundationError} `FND_VIEW_DIFFERS` */
type Check = <A extends { readonly id: string }>(ask: A, from: string) => A

/**
 * Two nodes that see different members may both think that they are home of a child: this node obeys
 * the one that is so in its own view.
 */
function checkOf({ views, self }: OrdersDeps): Check {
  return (ask, from) => {
    const home = views.homeOf(ask.id)
    if (home === from) return ask
    const message = `Node "${self}" takes orders about child "${ask.id}" from "${home ?? 'nobody'}", not from "${from}"`
    throw new FoundationError('FND_VIEW_DIFFERS', message)
  }
}
