/** What users ask of the home of a child: start, stop, move. Decided where the child is decided on. */
import { deferred, FoundationError, within, type Deferred, type Host } from '../../kernel/index.ts'
import type { Registry } from '../../registry/index.ts'
import type { Answer, Ask } from '../commands.ts'
import { servingPlace, type ChildRecord, type Placed } from '../core/records.ts'
import type { Proposal, Specs } from '../specs.ts'
import type { ChildTable } from '../table.ts'
import type { Views } from '../views.ts'
import type { Started } from './actions.ts'
import type { HandoverResult } from './handovers.ts'
import type { Candidate } from '../placement/candidates.ts'
import type { Placer } from './placer.ts'

/** What {@link HomeRequests} talks to. */
export interface HomeRequestsDeps {
  readonly host: Host
  readonly self: string
  readonly specs: Specs
  readonly table: ChildTable
  readonly views: Views
  readonly placer: Placer
  readonly names: Pick<Registry, 'claimantOf'>
  readonly lookAt: (id: string) => void
  /** Does something about a child after what is under way for it. */
  readonly exclusively: <T>(id: string, work: () => Promise<T>) => Promise<T>
  readonly handOver: (record: ChildRecord, from: Placed, to: string) => Promise<HandoverResult>
}

/** Other members that must hold a record before it counts as accepted, as far as there are that many. */
const acknowledgementsMax = 2
const lookIntervalMs = 20

/** One a node. */
export class HomeRequests {
  readonly #deps: HomeRequestsDeps
  readonly #awaited = new Map<string, Set<Deferred<Started>>>()

  constructor(deps: HomeRequestsDeps) {
    this.#deps = deps
  }

  /** A start of a child ended. */
  started(id: string, outcome: Started | Error): void {
    const waiters = this.#awaited.get(id) ?? []
    for (const waiter of waiters) {
      if (outcome instanceof Error) waiter.reject(outcome)
      else waiter.resolve(outcome)
    }
    this.#awaited.delete(id)
  }

  /** Members came or went: what another home decides now is not waited for here. */
  viewChanged(): void {
    for (const id of this.#awaited.keys()) {
      if (!this.#deps.views.isHome(id)) this.started(id, notHome(id, this.#deps.self))
    }
  }

  /**
   * Wants a child. When it does not start at all, nobody wants it any more.
   *
   * @throws {FoundationError} `FND_CHILD_EXISTS`, `FND_NAME_TAKEN`, `FND_SERVICE_UNKNOWN`, `FND_NO_NODE`,
   *   `FND_CHILD_START_FAILED`, `FND_TIMED_OUT`, `FND_VIEW_DIFFERS`.
   */
  async startChild(ask: Ask<'startChild'>, from: string): Promise<Answer<'startChild'>> {
    const { spec, hash, isAwaited, withinMs } = ask
    const { specs } = this.#deps
    const deadlineMs = this.#deps.host.nowMs() + withinMs
    await this.#mayDecide(spec.id, deadlineMs)
    const present = specs.get(spec.id)
    if (present && present.hash !== hash) throw childExists(spec.id)
    if (present && present.outcome?.kind !== 'failed') return this.#joined(present, ask, deadlineMs)
    const record: ChildRecord = { spec, hash, origin: from }
    this.#isNameFree(spec.id)
    this.#mayBePlaced(record)
    if (isAwaited && !present) return this.#tried(specs.propose(spec.id, record), deadlineMs)
    return this.#wanted(record, ask, deadlineMs)
  }

  /** @throws {FoundationError} `FND_CHILD_UNKNOWN`, `FND_TIMED_OUT`, `FND_VIEW_DIFFERS` */
  async stopChild({ id, withinMs }: Ask<'stopChild'>): Promise<undefined> {
    const deadlineMs = this.#deps.host.nowMs() + withinMs
    await this.#mayDecide(id, deadlineMs)
    const { specs, table, lookAt } = this.#deps
    if (!specs.get(id)) throw childUnknown(id)
    specs.delete(id)
    lookAt(id)
    this.started(id, new FoundationError('FND_CHILD_UNKNOWN', `Child "${id}" was stopped`))
    await this.#acknowledged(id, deadlineMs)
    await this.#until(deadlineMs, {
      what: `Stop of child "${id}"`,
      holds: () => table.placementsOf(id).length === 0,
    })
    return undefined
  }

  /** @throws {FoundationError} `FND_CHILD_UNKNOWN`, `FND_NO_NODE`, and why the hand-over was given up. */
  async moveChild({ id, to, withinMs }: Ask<'moveChild'>): Promise<undefined> {
    await this.#mayDecide(id, this.#deps.host.nowMs() + withinMs)
    return this.#deps.exclusively(id, async () => {
      const { specs, table, placer, handOver } = this.#deps
      const record = specs.get(id)
      if (!record) throw childUnknown(id)
      const from = servingPlace(table.placementsOf(id))
      if (from?.state !== 'running') throw notRunning(id)
      if (from.node === to) return undefined
      if (!placer.allows(record, to)) throw noNode(record, [standingOf(to, placer, record)])
      const { end, error } = await handOver(record, from, to)
      if (end === 'moved') return undefined
      throw error ?? notRunning(id)
    })
  }

  /** Accepted once it runs. What was new and could not start is not wanted any more. */
  async #tried(proposal: Proposal, deadlineMs: number): Promise<Answer<'startChild'>> {
    const { specs, lookAt } = this.#deps
    const { id } = proposal.record.spec
    lookAt(id)
    const started = await this.#awaitStart(id, deadlineMs).catch((thrown: unknown) => {
      if (isStartFailure(thrown)) specs.retract(proposal)
      throw thrown
    })
    specs.settle(proposal)
    await this.#acknowledged(id, deadlineMs)
    return started
  }

  /** Accepted once others hold the order, whatever becomes of its start. */
  async #wanted(
    ...[record, { isAwaited }, deadlineMs]: [ChildRecord, Ask<'startChild'>, number]
  ): Promise<Answer<'startChild'>> {
    const { id } = record.spec
    const running = isAwaited ? this.#awaitStart(id, deadlineMs) : undefined
    // Looked at below, unless the acknowledgement fails first.
    running?.catch(() => undefined)
    this.#deps.specs.put(id, record)
    this.#deps.lookAt(id)
    await this.#acknowledged(id, deadlineMs)
    return running ?? { epoch: 0 }
  }

  /** Somebody else has given the order: its first start is waited for, or it is wanted from now on. */
  async #joined(
    ...[record, { isAwaited }, deadlineMs]: [ChildRecord, Ask<'startChild'>, number]
  ): Promise<Answer<'startChild'>> {
    const { specs, table } = this.#deps
    const { id } = record.spec
    const proposal = specs.proposalOf(id)
    const isRunning = servingPlace(table.placementsOf(id))?.state === 'running'
    const isUnderWay = isAwaited && !record.outcome && !isRunning
    if (isUnderWay && proposal) return this.#tried(proposal, deadlineMs)
    if (proposal) specs.settle(proposal)
    return this.#running(id, isUnderWay, deadlineMs)
  }

  /** Once others hold the order: when it runs, or right away. */
  async #running(
    ...[id, isUnderWay, deadlineMs]: [string, boolean, number]
  ): Promise<Answer<'startChild'>> {
    // Awaited from here on: the start may end before the others hold the order.
    const started = isUnderWay ? this.#awaitStart(id, deadlineMs) : undefined
    started?.catch(() => undefined)
    await this.#acknowledged(id, deadlineMs)
    const { state, node, epoch = 0 } = servingPlace(this.#deps.table.placementsOf(id)) ?? {}
    return state === 'running' ? { node, epoch } : (started ?? { epoch })
  }

  #awaitStart(id: string, deadlineMs: number): Promise<Started> {
    const waiter = deferred<Started>()
    const waiters = this.#awaited.get(id) ?? new Set()
    waiters.add(waiter)
    this.#awaited.set(id, waiters)
    const { host } = this.#deps
    const timeoutMs = Math.max(1, deadlineMs - host.nowMs())
    return within(host, waiter.promise, { what: `Start of child "${id}"`, timeoutMs }).finally(
      () => {
        waiters.delete(waiter)
      },
    )
  }

  /** This node is home, and may act. */
  async #mayDecide(id: string, deadlineMs: number): Promise<void> {
    const { views, specs, self } = this.#deps
    await this.#until(deadlineMs, {
      what: `Node "${self}", which is asked about child "${id}", knows its cluster`,
      holds: () => !views.isHome(id) || (views.mayAct && specs.isSynced),
    })
    if (!views.isHome(id)) throw notHome(id, self)
  }

  /** A child takes no registered name away. */
  #isNameFree(id: string): void {
    const node = this.#deps.names.claimantOf(id)
    if (node === undefined) return
    const message = `Child "${id}": node "${node}" has registered that name; take another id`
    throw new FoundationError('FND_NAME_TAKEN', message, { details: { node } })
  }

  #mayBePlaced(record: ChildRecord): void {
    const { placer } = this.#deps
    const candidates = placer.candidates(record)
    if (candidates.some(({ ineligible }) => ineligible === undefined)) return
    throw noNode(record, candidates.map(standing))
  }

  #acknowledged(id: string, deadlineMs: number): Promise<void> {
    const { specs, views, host } = this.#deps
    const peers = Math.min(acknowledgementsMax, views.homes.length - 1)
    return specs.acknowledged(id, peers, { timeoutMs: Math.max(1, deadlineMs - host.nowMs()) })
  }

  async #until(deadlineMs: number, wait: { what: string; holds: () => boolean }): Promise<void> {
    const { host } = this.#deps
    while (!wait.holds()) {
      if (host.nowMs() > deadlineMs) {
        throw new FoundationError(
          'FND_TIMED_OUT',
          `${wait.what}: not in time; supervisor.explain(id) says how it stands`,
        )
      }
      await new Promise<void>((resolve) => {
        host.after(lookIntervalMs, resolve)
      })
    }
  }
}

function isStartFailure(thrown: unknown): boolean {
  return thrown instanceof FoundationError && thrown.code === 'FND_CHILD_START_FAILED'
}

function notHome(id: string, node: string): FoundationError {
  return new FoundationError('FND_VIEW_DIFFERS', `Node "${node}" is not home of child "${id}"`)
}

function childExists(id: string): FoundationError {
  const message = `Child "${id}" exists with another specification; stopChild() it first, or take another id`
  return new FoundationError('FND_CHILD_EXISTS', message)
}

function childUnknown(id: string): FoundationError {
  const message = `There is no child "${id}"; supervisor.which() lists them`
  return new FoundationError('FND_CHILD_UNKNOWN', message)
}

function notRunning(id: string): FoundationError {
  const message = `Child "${id}" does not run now; supervisor.which() tells what it does`
  return new FoundationError('FND_CHILD_NOT_RUNNING', message)
}

/** Why a node may not run a child, for people. */
function standing({ name, ineligible }: Candidate): string {
  return `${name} (${ineligible ?? 'may run it'})`
}

function standingOf(...[node, placer, record]: [string, Placer, ChildRecord]): string {
  const candidate = placer.candidates(record).find(({ name }) => name === node)
  return candidate ? standing(candidate) : `${node} (no member of this name that runs children)`
}

function noNode({ spec }: ChildRecord, nodes: readonly string[]): FoundationError {
  const isMissing = nodes.length > 0 && nodes.every((node) => node.includes('service missing'))
  const message =
    `No node may run child "${spec.id}" (service "${spec.service}"): ${nodes.join(', ')}; ` +
    'supervisor.explain() tells more'
  return new FoundationError(isMissing ? 'FND_SERVICE_UNKNOWN' : 'FND_NO_NODE', message)
}
