/**
 * The supervisor: children that run somewhere in the cluster, are started again when they fail, move
 * when their node leaves, and are started elsewhere when it dies.
 *
 * What is wanted of a child belongs to nobody and survives any node; where a child is, is said by the
 * node it is on, and gone with it; the home of its id, one member in a view, makes the two agree.
 */
import {
  checkGiven,
  FoundationError,
  invalid,
  sleep,
  textCheck,
  waitChecks,
  type Lifecycle,
  type LifecycleState,
  type WaitOptions,
} from '../kernel/index.ts'
import type { Remote } from '../registry/index.ts'
import { checkCallOptions, type CallOptions } from '../rpc/index.ts'
import type { ChildCounts, ChildFilter, ChildInfo } from './children.ts'
import {
  checkChildId,
  checkChildSpec,
  childSpecHash,
  type ChildSpecInput,
} from './core/child-spec.ts'
import { explained, type PlacementExplanation } from './explanation.ts'
import { HomeAsker } from './home-asker.ts'
import type { SupervisorOptions } from './options.ts'
import { SupervisorParts, type SupervisorDeps } from './parts.ts'

/** What `startChild` takes. */
export interface StartChildInput extends ChildSpecInput {
  /** When the promise resolves: once others hold the order, or once the child runs (`running`). */
  readonly ack?: 'accepted' | 'running'
}

/** What `singleton` and `runOnce` take: a child's specification without its id. */
export type NamedChildInput = Omit<StartChildInput, 'id' | 'once'>

/** A child somebody asked for. It follows the child: `node` and `epoch` are those of now. */
export interface Child {
  readonly id: string
  /** Where it is; undefined while it is nowhere. */
  readonly node: string | undefined
  readonly epoch: number
}

/** Figures, for `status()`. */
export interface SupervisorStatus extends ChildCounts {
  /** Children on this node. */
  readonly local: number
  readonly isDraining: boolean
  /** Things this node has under way as home. */
  readonly underWay: number
}

const drainLookIntervalMs = 20

/** One a node. */
export class Supervisor implements Lifecycle {
  readonly #deps: SupervisorDeps
  readonly #options: SupervisorOptions
  readonly #parts: SupervisorParts
  readonly #asker: HomeAsker
  #state: LifecycleState = 'idle'
  #isDraining = false

  constructor(deps: SupervisorDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
    this.#parts = new SupervisorParts(deps, options)
    const { views, commander } = this.#parts
    const assertIn = this.#assertIn.bind(this)
    this.#asker = new HomeAsker({ host: deps.host, views, commander, assertIn }, options)
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#parts.start()
  }

  /** Moves children away, as {@link Supervisor.drain}, then stops those that are left. */
  async stop(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopping'
      await this.#drain(this.#options.drainTimeoutMs)
      await this.#parts.runner.stopAll('shutdown')
      this.#parts.stop()
    }
    this.#state = 'stopped'
  }

  /** The node calls this when members came or went. */
  membersChanged(): void {
    if (this.#state === 'running' || this.#state === 'stopping') this.#parts.membersChanged()
  }

  /** The node calls this when a link is up. */
  linkUp(name: string): void {
    if (this.#state === 'running' || this.#state === 'stopping') this.#parts.linkUp(name)
  }

  /** The node calls this when a link has ended. */
  linkDown(name: string): void {
    this.#parts.linkDown(name)
  }

  /**
   * Wants a child to run somewhere in the cluster. Idempotent by id: asked again with the same
   * specification it gives the child there is; one that has failed is started anew.
   *
   * @throws {FoundationError} `FND_CHILD_EXISTS` (another specification), `FND_NAME_TAKEN` (the id is
   *   a registered name), `FND_SERVICE_UNKNOWN`, `FND_NO_NODE`, `FND_CHILD_START_FAILED` (nobody wants it then), `FND_OPTION_INVALID`,
   *   `FND_MESSAGE_INVALID`, `FND_MESSAGE_TOO_LARGE`, `FND_LIMIT_REACHED`, `FND_NOT_RUNNING`,
   *   `FND_TIMED_OUT`: whether it was accepted is then not known, and asking again is safe.
   */
  async startChild(input: StartChildInput, options: WaitOptions = {}): Promise<Child> {
    checkGiven(waitChecks, options, 'startChild')
    if (typeof (input as unknown) !== 'object') throw invalid('child', 'expected an object', input)
    const { ack = 'running', ...given } = input
    if (!['running', 'accepted'].includes(ack)) {
      throw invalid('child.ack', 'expected "accepted" or "running"', ack)
    }
    const spec = checkChildSpec(given)
    if (!this.#parts.placer.knows(spec.placement)) {
      const problem =
        'expected bounded, least-loaded, random, local or a key of supervisor.placements'
      throw invalid('child.placement', problem, spec.placement)
    }
    const order = { spec, hash: childSpecHash(spec), isAwaited: ack === 'running' }
    const started = await this.#asker.ask(spec.id, 'startChild', { ask: order, ...options })
    const child = this.#childOf(spec.id)
    await this.#parts.children.sees(spec.id, () => child.epoch >= started.epoch)
    return child
  }

  /** One child of that name in the cluster, always: `startChild`, `permanent`. */
  singleton(id: string, input: NamedChildInput, options?: WaitOptions): Promise<Child> {
    return this.startChild({ ...input, id, restart: 'permanent' }, options)
  }

  /**
   * Runs the `start` of a service to its end, once in the cluster, however many nodes ask. It is
   * remembered as completed until `stopChild` of that id. After a crash it begins again elsewhere.
   */
  runOnce(id: string, input: NamedChildInput, options?: WaitOptions): Promise<Child> {
    return this.startChild({ ...input, id, restart: 'transient', once: true }, options)
  }

  /**
   * Takes a child back; resolves when it has ended.
   *
   * @throws {FoundationError} `FND_CHILD_UNKNOWN`, `FND_TIMED_OUT`, `FND_NOT_RUNNING`
   */
  async stopChild(id: string, options: WaitOptions = {}): Promise<void> {
    checkChildId(id)
    checkGiven(waitChecks, options, 'stopChild')
    await this.#asker.ask(id, 'stopChild', { ask: { id }, ...options })
    const { children, specs } = this.#parts
    await children.sees(id, () => !specs.get(id) && !children.place(id))
  }

  /**
   * Hands a child over to a node, with its state; calls wait meanwhile.
   *
   * @throws {FoundationError} why it stays where it is: `FND_CHILD_UNKNOWN`, `FND_CHILD_PINNED`,
   *   `FND_CHILD_NOT_RUNNING`, `FND_STATE_INVALID`, `FND_NO_NODE`, `FND_NODE_DOWN`, `FND_TIMED_OUT`,
   *   `FND_REMOTE_FAILED` when its `handoff` threw; `FND_OPTION_INVALID`: no name of a node.
   */
  async move(id: string, nodeName: string, options: WaitOptions = {}): Promise<void> {
    checkChildId(id)
    const problem = textCheck(nodeName)
    if (problem !== undefined) throw invalid('node of move', problem, nodeName)
    checkGiven(waitChecks, options, 'move')
    await this.#asker.ask(id, 'moveChild', { ask: { id, to: nodeName }, ...options })
    const { children } = this.#parts
    await children.sees(id, () => children.place(id)?.node === nodeName)
  }

  /**
   * Moves children so that nodes carry alike: one round, as `active` redistribution does.
   *
   * @returns the ids of those that moved.
   */
  async rebalance(options: WaitOptions = {}): Promise<string[]> {
    checkGiven(waitChecks, options, 'rebalance')
    this.#assertRunning('rebalance()')
    const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs
    const moved = this.#parts.views.homes.map((home) =>
      this.#parts.commander
        .ask(home, { name: 'rebalance', ask: undefined }, { ...options, timeoutMs })
        // A home that is gone has nothing to move any more.
        .catch(() => []),
    )
    return (await Promise.all(moved)).flat()
  }

  /**
   * Moves the children of this node to others, and takes on no more until `resume`.
   *
   * @returns the ids of those that are still here: nobody else may run them, or time was up.
   */
  async drain(options: WaitOptions = {}): Promise<string[]> {
    checkGiven(waitChecks, options, 'drain')
    this.#assertRunning('drain()')
    const { timeoutMs = this.#options.drainTimeoutMs, signal } = options
    await this.#drain(timeoutMs, signal)
    signal?.throwIfAborted()
    return [...this.#parts.runner.live]
  }

  /** Takes on children again after `drain`. */
  resume(): void {
    this.#assertRunning('resume()')
    this.#isDraining = false
    this.#parts.publishFacts(false)
  }

  /** A child as a typed proxy. It follows the child; calls wait while it is on its way. */
  get<T>(id: string, options?: CallOptions): Remote<T> {
    checkChildId(id)
    checkCallOptions(options ?? {}, 'get')
    return this.#deps.calls.remote<T>(id, this.#parts.children, options)
  }

  /** The children of the cluster as this node sees them. */
  which(filter?: ChildFilter): ChildInfo[] {
    return this.#parts.children.which(filter)
  }

  count(): ChildCounts {
    return this.#parts.children.count()
  }

  /** Where a child would be started now, and why not elsewhere. Of this node's view; nothing is asked. */
  explain(id: string): PlacementExplanation {
    checkChildId(id)
    return explained(id, this.#parts)
  }

  status(): SupervisorStatus {
    const { runner, home } = this.#parts
    const local = runner.live.length
    return { ...this.count(), local, isDraining: this.#isDraining, underWay: home.busy }
  }

  #childOf(id: string): Child {
    const { children, table } = this.#parts
    return {
      id,
      get node() {
        return children.place(id)?.node
      },
      get epoch() {
        return children.place(id)?.epoch ?? table.lastEpoch(id)
      },
    }
  }

  async #drain(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { host } = this.#deps
    const deadlineMs = host.nowMs() + timeoutMs
    this.#isDraining = true
    this.#parts.publishFacts(true)
    while (this.#hasSomewhereToGo() && host.nowMs() < deadlineMs && !signal?.aborted) {
      await sleep(host, drainLookIntervalMs, signal)
    }
  }

  /** Something is here that another node may take, or that it has not taken yet. */
  #hasSomewhereToGo(): boolean {
    const { runner, specs, placer } = this.#parts
    const others = (id: string): boolean => {
      const record = specs.get(id)
      return record !== undefined && !record.outcome && placer.choose(record) !== undefined
    }
    return [...runner.live, ...runner.held].some(others)
  }

  /** @throws {FoundationError} `FND_NOT_RUNNING`, `FND_NAME_IN_USE` */
  #assertIn(what: string): void {
    this.#assertRunning(what)
    const refusal = this.#deps.refusal()
    if (refusal) throw refusal
  }

  #assertRunning(what: string): void {
    if (this.#state === 'running') return
    throw new FoundationError(
      'FND_NOT_RUNNING',
      `${what}: the supervisor of this node does not run`,
    )
  }
}
