/** Drives hand-overs, and what else brings the state of a child from one node to another. */
import { isFoundationError, toError, type Host, type Log } from '../../kernel/index.ts'
import type { ExportedState } from '../commands.ts'
import {
  handoverNext,
  handoverStart,
  isEnded,
  type HandoverEnd,
  type HandoverState,
  type HandoverStep,
} from '../core/handover.ts'
import type { ChildRecord, Placed } from '../core/records.ts'
import type { SupervisorOptions } from '../options.ts'
import type { HomeActions, Started } from './actions.ts'

/** What {@link Handovers} talks to. */
export interface HandoversDeps {
  readonly host: Pick<Host, 'randomBytes'>
  readonly log: Log
  readonly actions: Pick<HomeActions, 'chooseNode' | 'start' | 'order' | 'command'>
}

/** A hand-over to drive. */
export interface HandoverPlan {
  readonly record: ChildRecord
  readonly from: Placed
  readonly to: string
}

/** How it ended. */
export interface HandoverResult {
  readonly end: HandoverEnd
  /** What went wrong, when something did, and in which step. */
  readonly error: Error | undefined
  readonly failedAt: HandoverState | undefined
}

interface Run extends HandoverPlan {
  readonly move: string
  exported: ExportedState | undefined
}

/** What a source waits for, each so long as it may: `canMove`, calls that run, `handoff`. */
const sealSteps = 3

/** One a node. */
export class Handovers {
  readonly #deps: HandoversDeps
  readonly #options: SupervisorOptions
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor(deps: HandoversDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Hands a child over, as soon as fewer than `handoversMax` others are under way. Never rejects. */
  run(plan: HandoverPlan): Promise<HandoverResult> {
    return this.inTurn(() => this.#drive(plan))
  }

  /** Does something as soon as fewer than `handoversMax` others are under way. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#options.handoversMax) this.#running += 1
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
    try {
      return await work()
    } finally {
      // Who waits longest takes this place.
      const next = this.#queue.shift()
      if (next) next()
      else this.#running -= 1
    }
  }

  /**
   * Starts a child with the state that a node keeps of it, wherever it may run. A state that cannot
   * be used is forgotten: the child then starts without.
   */
  async revive(record: ChildRecord, holder: Placed, prefer: string | undefined): Promise<void> {
    try {
      await this.#revive(record, holder, prefer)
    } catch (error) {
      if (!isFoundationError(error) || error.code !== 'FND_STATE_INVALID') throw error
      const fields = { child: record.spec.id, from: holder.node, error }
      this.#deps.log.warn(fields, 'the state of a child cannot be used and is lost')
      await this.#clear(record.spec.id, holder.node)
    }
  }

  async #revive(
    ...[record, holder, prefer]: [ChildRecord, Placed, string | undefined]
  ): Promise<void> {
    const { actions } = this.#deps
    const { move = '', node: from } = holder
    if (holder.state === 'reserved') {
      await actions.start(record, { node: from, reason: 'move', move })
      return
    }
    const node = actions.chooseNode(record, { prefer, except: [from] }) ?? from
    if (node !== from) {
      const { id } = record.spec
      const timeoutMs = this.#options.handoverTimeoutMs
      const exported = await actions.order(from, { name: 'kept', ask: { id, move }, timeoutMs })
      await this.#reserve(record, node, move)
      await this.#carry({ record, from: holder, to: node, move, exported })
    }
    await actions.start(record, { node, reason: 'move', move })
  }

  /** One that lives a second time gives its state to the one that stays, and ends. */
  async surrender(record: ChildRecord, loser: Placed, winner: Placed): Promise<void> {
    const { actions } = this.#deps
    const { id, shutdownMs } = record.spec
    const move = this.#newMove()
    const ask = { id, epoch: loser.epoch, move, to: winner.node }
    const timeoutMs = 2 * (this.#options.handoverDrainMs + shutdownMs)
    const exported = await actions.order(loser.node, { name: 'surrender', ask, timeoutMs })
    const run = { record, from: loser, to: winner.node, move, exported }
    await this.#carry(run, 'merge').catch((thrown: unknown) => {
      const error = toError(thrown)
      this.#deps.log.warn(
        { child: id, error },
        'the state of a child that gave way could not be merged',
      )
    })
    await this.#clear(id, loser.node, winner.node)
  }

  async #drive(plan: HandoverPlan): Promise<HandoverResult> {
    const run: Run = { ...plan, move: this.#newMove(), exported: undefined }
    let state: HandoverState = handoverStart
    let error: Error | undefined
    let failedAt: HandoverState | undefined
    while (!isEnded(state)) {
      try {
        await this.#step(state, run)
        state = handoverNext(state, 'done')
      } catch (thrown) {
        error ??= toError(thrown)
        failedAt ??= state
        state = handoverNext(state, 'failed')
      }
    }
    if (error) this.#tell(run, state, error)
    return { end: state, error, failedAt }
  }

  async #step(step: HandoverStep, run: Run): Promise<unknown> {
    const { actions } = this.#deps
    const { record, from, to, move } = run
    const { id, shutdownMs } = record.spec
    const { epoch, node: source } = from
    const { handoverDrainMs, handoverTimeoutMs: timeoutMs } = this.#options
    switch (step) {
      case 'reserve':
        return this.#reserve(record, to, move)
      case 'seal':
        run.exported = await actions.order(source, {
          ...{ name: 'seal', ask: { id, epoch, move, to }, timeoutMs: sealSteps * handoverDrainMs },
        })
        return undefined
      case 'carry':
        return this.#carry(run)
      case 'retire':
        return actions.order(source, {
          ...{ name: 'retire', ask: { id, epoch, move }, timeoutMs: 2 * shutdownMs },
        })
      case 'start':
        return this.#start(run)
      case 'release':
        return this.#clear(id, source, to)
      case 'unseal':
        return actions.command(source, { name: 'unseal', ask: { id }, timeoutMs })
      case 'cancel':
        return this.#clear(id, to, source)
    }
  }

  #start({ record, to, move }: Run): Promise<Started> {
    return this.#deps.actions.start(record, { node: to, reason: 'move', move })
  }

  #reserve({ spec, hash }: ChildRecord, node: string, move: string): Promise<unknown> {
    const timeoutMs = this.#options.handoverTimeoutMs
    const ask = { id: spec.id, move, hash }
    return this.#deps.actions.order(node, { name: 'reserve', ask, timeoutMs })
  }

  /** The target fetches the state; a child without one goes on without. */
  async #carry(run: Run, name: 'carry' | 'merge' = 'carry'): Promise<void> {
    const { record, from, to, move, exported } = run
    const { stateBytes, checksum, version } = exported ?? {}
    if (stateBytes === undefined || checksum === undefined || version === undefined) return
    const { id, service } = record.spec
    await this.#deps.actions.order(to, {
      name,
      ask: { id, service, move, from: from.node, stateBytes, checksum, version },
      timeoutMs: this.#options.handoverTimeoutMs,
    })
  }

  #clear(id: string, node: string, to?: string): Promise<unknown> {
    const timeoutMs = this.#options.handoverTimeoutMs
    return this.#deps.actions.command(node, { name: 'clear', ask: { id, to }, timeoutMs })
  }

  #newMove(): string {
    return Buffer.from(this.#deps.host.randomBytes(8)).toString('hex')
  }

  #tell({ record, from, to }: Run, end: HandoverEnd, error: Error): void {
    const fields = { child: record.spec.id, from: from.node, to, end, error }
    const code = isFoundationError(error) ? error.code : undefined
    if (code === 'FND_CHILD_PINNED' || code === 'FND_NODE_DOWN') {
      this.#deps.log.debug(fields, 'hand-over did not take place')
    } else this.#deps.log.warn(fields, 'hand-over did not take place')
  }
}
