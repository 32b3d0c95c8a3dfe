/** What each decision about a child means in deeds. */
import {
  FoundationError,
  isFoundationError,
  type Host,
  type Telemetry,
} from '../../kernel/index.ts'
import type { ChildAction } from '../core/reconcile.ts'
import type { ChildRecord, Placed } from '../core/records.ts'
import type { SupervisorOptions } from '../options.ts'
import type { Specs } from '../specs.ts'
import type { ChildTable } from '../table.ts'
import type { HomeActions } from './actions.ts'
import type { Handovers, HandoverResult } from './handovers.ts'
import type { Placer } from './placer.ts'

/** What a {@link Performer} talks to. */
export interface PerformerDeps {
  readonly host: Pick<Host, 'nowMs'>
  readonly telemetry: Telemetry
  readonly specs: Specs
  readonly table: ChildTable
  readonly placer: Placer
  readonly actions: HomeActions
  readonly handovers: Handovers
  readonly pause: (id: string, ms: number) => void
  readonly failed: (error: FoundationError) => void
}

/** How long a hand-over that was given up is left alone. */
const abortedPauseMs = 1_000
/** What nobody wants any more has this long to end. */
const unwantedShutdownMs = 5_000

/** Orders that need no choice. */
type Upkeep = Extract<ChildAction, { kind: 'stop' | 'unseal' | 'clear' }>
/** What only makes sense for a child that somebody wants. */
type Wanted = Extract<ChildAction, { kind: 'start' | 'ended' | 'surrender' | 'leave' }>

function isUpkeep(action: Upkeep | Wanted): action is Upkeep {
  return action.kind === 'stop' || action.kind === 'unseal' || action.kind === 'clear'
}

/** One a node. */
export class Performer {
  readonly #deps: PerformerDeps
  readonly #options: SupervisorOptions

  constructor(deps: PerformerDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Rejects when it could not be done; it is decided again then. */
  async perform(
    ...[id, record, action]: [string, ChildRecord | undefined, ChildAction]
  ): Promise<void> {
    if (action.kind === 'nothing') return
    if (action.kind === 'complete') this.#deps.specs.delete(id)
    else if (isUpkeep(action)) await this.#upkeep(id, record, action)
    else if (record) await this.#performWanted(record, action)
  }

  /** Hands a running child over to a node; its load counts there from now on. */
  async handOver(...[record, from, to]: [ChildRecord, Placed, string]): Promise<HandoverResult> {
    const { host, telemetry, placer, handovers } = this.#deps
    const end = placer.begin(to)
    const startedMs = host.nowMs()
    const facts = (): Readonly<Record<'child' | 'from' | 'to', string>> => ({
      ...{ child: record.spec.id, from: from.node, to },
    })
    return telemetry.span('supervisor.handover', facts, async (note) => {
      const result = await handovers.run({ record, from, to }).finally(end)
      const { end: outcome, error } = result
      const durationMs = host.nowMs() - startedMs
      note(() => ({ outcome }))
      telemetry.execute('supervisor.handover.done', { durationMs }, () => ({
        ...{ ...facts(), outcome, error: error?.message },
      }))
      return result
    })
  }

  async #upkeep(...[id, record, action]: [string, ChildRecord | undefined, Upkeep]): Promise<void> {
    const { actions } = this.#deps
    const { placed } = action
    const timeoutMs = this.#options.handoverTimeoutMs
    if (action.kind === 'stop') {
      const shutdownMs = record?.spec.shutdownMs ?? unwantedShutdownMs
      await actions.stop(placed, id, { reason: action.reason, shutdownMs })
    } else if (action.kind === 'unseal') {
      await actions.command(placed.node, { name: 'unseal', ask: { id }, timeoutMs })
    } else {
      const ask = action.to === undefined ? { id } : { id, to: action.to }
      await actions.command(placed.node, { name: 'clear', ask, timeoutMs })
    }
  }

  async #performWanted(record: ChildRecord, action: Wanted): Promise<void> {
    const { actions, handovers } = this.#deps
    const { id } = record.spec
    switch (action.kind) {
      case 'start':
        if (action.stateFrom) return handovers.revive(record, action.stateFrom, action.on)
        await actions.place(id, record, action)
        return
      case 'ended':
        return actions.ended(id, record, action.placed)
      case 'surrender':
        return handovers.inTurn(() => this.#surrender(record, action.placed, action.winner))
      case 'leave':
        return this.#leave(record, action.placed)
    }
  }

  /** In turn, for after a split they may be as many as there are children; the winner may be gone by then. */
  async #surrender(record: ChildRecord, loser: Placed, winner: Placed): Promise<void> {
    const present = this.#deps.table
      .placementsOf(record.spec.id)
      .find(({ node, epoch }) => node === winner.node && epoch === winner.epoch)
    if (present?.state === 'running') await this.#deps.handovers.surrender(record, loser, winner)
  }

  /** Hands it over; one that cannot be moved ends here and starts anew elsewhere. */
  async #leave(record: ChildRecord, placed: Placed): Promise<void> {
    const { actions, pause } = this.#deps
    const { id, shutdownMs } = record.spec
    const to = actions.chooseNode(record, { except: [placed.node] })
    if (to === undefined) {
      pause(id, this.#options.reconcileIntervalMs)
      return
    }
    if (this.#isMovable(record, placed.node)) {
      const result = await this.handOver(record, placed, to)
      if (result.end !== 'aborted') return
      if (!cannotBeMoved(result)) {
        pause(id, abortedPauseMs)
        return
      }
      this.#tellLoss(record, placed, result)
    }
    await actions.stop(placed, id, { reason: 'moved', shutdownMs })
  }

  /** A child that would not move is as its user made it; a state that is lost is a mistake of somebody. */
  #tellLoss(...[{ spec }, { node }, { error }]: [ChildRecord, Placed, HandoverResult]): void {
    if (!isFoundationError(error) || error.code !== 'FND_STATE_INVALID') return
    const message = `Child "${spec.id}" had to leave node "${node}" and goes on without its state: ${error.message}`
    const details = { child: spec.id, node }
    this.#deps.failed(new FoundationError('FND_STATE_INVALID', message, { details, cause: error }))
  }

  #isMovable({ spec }: ChildRecord, node: string): boolean {
    const services = this.#deps.table.factsOf(node)?.services ?? []
    return services.find(({ name }) => name === spec.service)?.movable !== false
  }
}

/** The source says that it has no state to give, now and later; what another node says may pass. */
function cannotBeMoved({ error, failedAt }: HandoverResult): boolean {
  if (!isFoundationError(error) || failedAt !== 'seal') return false
  return error.code === 'FND_CHILD_PINNED' || error.code === 'FND_STATE_INVALID'
}
