/** Does what was decided about one child: orders to nodes, records in the map. */
import {
  FoundationError,
  isFoundationError,
  type ErrorCode,
  type Host,
  type Log,
  type Telemetry,
} from '../../kernel/index.ts'
import type { Commander } from '../commander.ts'
import type { Answer, Ask, CommandName } from '../commands.ts'
import type { ChildRecord, Placed } from '../core/records.ts'
import { RestartBudget } from '../core/restart-budget.ts'
import type { SupervisorOptions } from '../options.ts'
import type { StartReason } from '../core/service-class.ts'
import type { Specs } from '../specs.ts'
import type { ChildTable } from '../table.ts'
import type { Placer } from './placer.ts'

/** What {@link HomeActions} talks to. */
export interface HomeActionsDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly specs: Specs
  readonly table: ChildTable
  readonly placer: Placer
  readonly commander: Commander
  /** Resolves when this node sees what another did up to a change, or after a while. */
  readonly seen: (node: string, sequence: number) => Promise<void>
  /** Leaves a child alone for a while. */
  readonly pause: (id: string, ms: number) => void
  /** A start of a child ended: with the node it runs on, or with what its class threw. */
  readonly started: (id: string, outcome: Started | Error) => void
}

/** Where a child was started. */
export interface Started {
  readonly node: string
  readonly epoch: number
}

/** An order to start, complete but for its epoch. */
export interface StartPlan {
  readonly node: string
  readonly reason: StartReason
  /** The hand-over whose state the node has. */
  readonly move?: string | undefined
}

/** A command of a home. */
export interface HomeCommand<C extends CommandName> {
  readonly name: C
  readonly ask: Ask<C>
  /** What the user's code may take. */
  readonly timeoutMs: number
}

/** What a node may take beyond the time the user's code has. */
const slackMs = 2_000
/** How long a node that refused a child for that reason is not asked again. */
const refusedForMs: ReadonlyMap<ErrorCode, number> = new Map([
  ['FND_SERVICE_UNKNOWN', 5_000],
  ['FND_LIMIT_REACHED', 5_000],
  ['FND_VIEW_DIFFERS', 500],
])

/** What a child's home remembers of it. */
interface Memory {
  readonly budget: RestartBudget
  /** The end that was counted last. */
  endedEpoch: number
  restartAtMs: number
  /** Nodes that would not have it, and until when they are not asked again. */
  readonly refused: Map<string, number>
}

/** Children a home remembers something of; the oldest is forgotten for a new one. */
const memoriesMax = 65_536

/** One a node. */
export class HomeActions {
  readonly #deps: HomeActionsDeps
  readonly #options: SupervisorOptions
  readonly #memories = new Map<string, Memory>()

  constructor(deps: HomeActionsDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Starts a child on a node it may run on, without state. @returns nothing when there is none. */
  async place(
    ...[id, record, action]: [string, ChildRecord, { reason: StartReason; on?: string | undefined }]
  ): Promise<Started | undefined> {
    const node = this.chooseNode(record, { prefer: action.on })
    if (node !== undefined) return this.start(record, { node, reason: action.reason })
    this.#deps.pause(id, this.#options.reconcileIntervalMs)
    return undefined
  }

  /** A node for the child that has not refused it of late; undefined when there is none. */
  chooseNode(
    record: ChildRecord,
    { prefer, except = [] }: { prefer?: string | undefined; except?: readonly string[] } = {},
  ): string | undefined {
    const nowMs = this.#deps.host.nowMs()
    const refused = [...(this.#memories.get(record.spec.id)?.refused ?? [])]
      .filter(([, untilMs]) => untilMs > nowMs)
      .map(([node]) => node)
    const excluded = new Set([...except, ...refused])
    const { placer } = this.#deps
    if (prefer !== undefined && !excluded.has(prefer) && placer.allows(record, prefer))
      return prefer
    return placer.choose(record, excluded)
  }

  /**
   * Orders a start with the next epoch.
   *
   * @throws {FoundationError} as the node refused; whose fault it was is remembered.
   */
  async start(record: ChildRecord, { node, reason, move }: StartPlan): Promise<Started> {
    const { specs, placer } = this.#deps
    const { spec, hash } = record
    const epoch = this.#deps.table.nextEpoch(specs.assignmentOf(spec.id)?.epoch ?? 0)
    specs.assign(spec.id, { epoch, node })
    const end = placer.begin(node)
    try {
      const { passed } = await this.command(node, {
        name: 'start',
        ask: { id: spec.id, epoch, spec, hash, reason, ...(move === undefined ? {} : { move }) },
        timeoutMs: this.#options.startTimeoutMs,
      })
      if (passed !== undefined) throw this.#tooLate(spec.id, passed)
      this.#memories.get(spec.id)?.budget.cameUp(this.#deps.host.nowMs())
      this.#deps.started(spec.id, { node, epoch })
      return { node, epoch }
    } catch (thrown) {
      this.#refused(spec.id, node, thrown)
      throw thrown
    } finally {
      end()
    }
  }

  /** Sends a command. */
  order<C extends CommandName>(node: string, command: HomeCommand<C>): Promise<Answer<C>> {
    const { name, ask, timeoutMs } = command
    return this.#deps.commander.ask(node, { name, ask }, { timeoutMs: timeoutMs + slackMs })
  }

  /** Sends a command and waits until this node sees what came of it: the last one of several. */
  async command<C extends CommandName>(node: string, command: HomeCommand<C>): Promise<Answer<C>> {
    const answer = await this.order(node, command)
    if (typeof answer === 'object' && 'sequence' in answer) {
      await this.#deps.seen(node, answer.sequence)
    }
    return answer
  }

  async stop(
    placed: Placed,
    id: string,
    given: { reason: 'stopped' | 'replaced' | 'moved'; shutdownMs: number },
  ): Promise<void> {
    const { node, epoch } = placed
    const { reason, shutdownMs } = given
    await this.command(node, {
      name: 'stop',
      ask: { id, epoch, reason },
      timeoutMs: 2 * shutdownMs,
    })
  }

  /** A child ended by itself: restart it, leave it, or forget it, by its policy. */
  async ended(id: string, record: ChildRecord, placed: Placed): Promise<void> {
    const { spec } = record
    const hasFailed = placed.error !== undefined
    const restarts = spec.restart === 'permanent' || (spec.restart === 'transient' && hasFailed)
    if (spec.once ? hasFailed : restarts) return this.#restart(id, record, placed)
    if (spec.once) this.#deps.specs.put(id, { ...record, outcome: { kind: 'completed' } })
    else this.#deps.specs.delete(id)
    // Who asked between its start and its end waits for no other start.
    const { node, epoch } = placed
    this.#deps.started(id, { node, epoch })
  }

  async #restart(id: string, record: ChildRecord, placed: Placed): Promise<void> {
    const memory = this.#memoryOf(id)
    const nowMs = this.#deps.host.nowMs()
    if (placed.epoch > memory.endedEpoch) {
      memory.endedEpoch = placed.epoch
      const decision = memory.budget.failed(record.spec, this.#options, nowMs)
      if (decision.kind === 'give-up') {
        const message = placed.error ?? 'it ended too often'
        this.#deps.specs.put(id, { ...record, outcome: { kind: 'failed', message } })
        this.#memories.delete(id)
        this.#deps.telemetry.execute('supervisor.child.abandoned', { count: 1 }, () => ({
          ...{ child: id, service: record.spec.service, error: message },
        }))
        this.#deps.started(id, new FoundationError('FND_CHILD_START_FAILED', message))
        return
      }
      memory.restartAtMs = nowMs + decision.delayMs
    }
    if (memory.restartAtMs > nowMs) {
      this.#deps.pause(id, memory.restartAtMs - nowMs)
      return
    }
    const started = await this.place(id, record, { reason: 'restart', on: placed.node })
    if (!started) return
    this.#deps.telemetry.execute('supervisor.child.restarted', { count: 1 }, () => ({
      ...{ child: id, service: record.spec.service, node: started.node, error: placed.error },
    }))
  }

  #refused(...[id, node, thrown]: [string, string, unknown]): void {
    if (!isFoundationError(thrown)) return
    if (thrown.code === 'FND_CHILD_START_FAILED') this.#deps.started(id, thrown)
    const forMs = refusedForMs.get(thrown.code)
    if (forMs !== undefined) this.#memoryOf(id).refused.set(node, this.#deps.host.nowMs() + forMs)
  }

  /** The next order has a higher epoch. */
  #tooLate(id: string, passed: number): FoundationError {
    this.#deps.table.sawEpoch(id, passed)
    const message = `Child "${id}" was not started: a later start of it was seen`
    return new FoundationError('FND_CHILD_NOT_RUNNING', message)
  }

  #memoryOf(id: string): Memory {
    const known = this.#memories.get(id)
    if (known) return known
    const made: Memory = {
      budget: new RestartBudget(),
      endedEpoch: 0,
      restartAtMs: 0,
      refused: new Map(),
    }
    this.#memories.set(id, made)
    const oldest = this.#memories.keys().next()
    if (this.#memories.size > memoriesMax && oldest.done !== true)
      this.#memories.delete(oldest.value)
    return made
  }
}
