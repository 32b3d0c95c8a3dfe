/** The facade: one object a process, with the parts behind plain words. */
import type { Config } from '../config/index.ts'
import type { Events } from '../events/index.ts'
import {
  checkGiven,
  FoundationError,
  isFoundationError,
  listOf,
  toError,
  waitChecks,
  within,
  wordCheck,
  type GivenChecks,
  type LifecycleState,
  type WaitOptions,
} from '../kernel/index.ts'
import type { Member, MemberStatus, ReadyOptions } from '../membership/index.ts'
import type { Monitor } from '../monitor/index.ts'
import type { ChannelDoor, PubSub } from '../pubsub/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Rpc } from '../rpc/index.ts'
import type { Supervisor } from '../supervisor/index.ts'
import type { ClusterEvent, ClusterEventOf, ClusterEventType } from './cluster-event.ts'
import { EventHub, type WatchOptions } from './event-hub.ts'
import { Parts } from './parts.ts'
import type { NodeSettings } from './settings.ts'
import { leaveOnSignals } from './signals.ts'
import { statusHandler, statusOf, type NodeStatus } from './status.ts'

/** Which members `members()` gives. */
export interface MembersOptions {
  /** Default: `alive` and `suspect`. */
  readonly status?: readonly MemberStatus[]
}

const membersChecks: GivenChecks<MembersOptions> = {
  status: listOf(wordCheck(['alive', 'suspect', 'down', 'left'])),
}

/** What users call of a node's publish/subscribe. */
export type NodePubSub = Pick<
  PubSub,
  'subscribe' | 'broadcast' | 'broadcastFrom' | 'localBroadcast' | 'directBroadcast' | 'topic'
>

/** What users call of a node's rpc. */
export type NodeRpc = Pick<Rpc, 'handle' | 'call' | 'multicall'>

/** What users call of a node's config. */
export type NodeConfig = Pick<
  Config,
  | 'get'
  | 'all'
  | 'version'
  | 'set'
  | 'commit'
  | 'validate'
  | 'subscribe'
  | 'inDoubt'
  | 'resolve'
  | 'history'
>

/** What users call of a node's events. */
export type NodeEvents = Pick<Events, 'emit' | 'emitDistributed' | 'subscribe' | 'query'>

/** What users call of a node's registry. */
export type NodeRegistry = Pick<
  Registry,
  | 'register'
  | 'lookup'
  | 'get'
  | 'select'
  | 'count'
  | 'keysOn'
  | 'watch'
  | 'join'
  | 'members'
  | 'dispatch'
  | 'meta'
>

/** What users call of a node's supervisor. */
export type NodeSupervisor = Pick<
  Supervisor,
  | 'startChild'
  | 'stopChild'
  | 'singleton'
  | 'runOnce'
  | 'get'
  | 'which'
  | 'count'
  | 'move'
  | 'rebalance'
  | 'drain'
  | 'resume'
  | 'explain'
>
/** What users call of a node's monitor. */
export type NodeMonitor = Pick<Monitor, 'snapshot' | 'health' | 'on'>

/** A running node. Made by `startNode`. */
export class FoundationNode {
  readonly #settings: NodeSettings
  readonly #events: EventHub
  readonly #parts: Parts
  readonly #startedMs: number
  #state: LifecycleState = 'idle'
  #stopping: Promise<void> | undefined
  #forgetSignals: () => void = () => undefined

  /** Use `startNode`. */
  constructor(settings: NodeSettings) {
    this.#settings = settings
    this.#events = new EventHub(settings.log)
    this.#parts = new Parts(settings, (event) => {
      this.#events.emit(event)
    })
    this.#startedMs = settings.host.nowMs()
  }

  /** Unique in the cluster. */
  get name(): string {
    return this.#settings.identity.name
  }

  /** This node as the others see it. */
  get self(): Member {
    return this.#parts.membership.self
  }

  /** Publish and subscribe, by topic. */
  get pubsub(): NodePubSub {
    return this.#parts.pubsub
  }

  /** Calls to handlers that other nodes export. */
  get rpc(): NodeRpc {
    return this.#parts.rpc
  }

  /** Names across nodes, the services behind them, groups. */
  get registry(): NodeRegistry {
    return this.#parts.registry
  }

  /** Settings of the whole cluster. */
  get config(): NodeConfig {
    return this.#parts.config
  }

  /** Typed events of this node and of others, with a history. */
  get events(): NodeEvents {
    return this.#parts.events
  }

  /** Children: started somewhere, restarted, moved. */
  get supervisor(): NodeSupervisor {
    return this.#parts.supervisor
  }

  /** What the cluster looks like from here, how well this node is, and what heals. */
  get monitor(): NodeMonitor {
    return this.#parts.monitor
  }

  /** Opens the node. Called once, by `startNode`. */
  async start(): Promise<void> {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#parts.rpc.handle(statusHandler, () => this.status())
    await this.#parts.start()
    const { handlesSignals, log } = this.#settings
    if (handlesSignals) this.#forgetSignals = leaveOnSignals({ log, stop: () => this.stop() })
  }

  /** `broadcast` and `subscribe` bound to one channel. */
  channel(name: string): ChannelDoor {
    return this.#parts.pubsub.channel(name)
  }

  /** The current list, this node included: alive and suspect members, or those of the given status. */
  members(options?: MembersOptions): Member[] {
    checkGiven(membersChecks, options, 'members')
    return this.#parts.membership.members(options)
  }

  /**
   * Waits for company: at least `minPeers` (0) others alive, observers not counted, and
   * the set stable for a moment, and the settings of
   * the cluster known here.
   *
   * @throws {FoundationError} `FND_TIMED_OUT`, unless `onTimeout` is `'continue'`;
   *   `FND_NAME_IN_USE` when the cluster refused this node for its name.
   */
  async ready(options: ReadyOptions = {}): Promise<Member[]> {
    this.#assertRunning('ready()')
    const { host } = this.#settings
    const startedMs = host.nowMs()
    await this.#parts.membership.ready(options)
    const { timeoutMs, signal } = options
    const leftMs = timeoutMs && Math.max(1, timeoutMs - (host.nowMs() - startedMs))
    const synced = this.#parts.config.synced({
      ...(leftMs !== undefined && { timeoutMs: leftMs }),
      ...(signal && { signal }),
    })
    await (options.onTimeout === 'continue' ? synced.catch(onlyTimeouts) : synced)
    return this.members()
  }

  /**
   * Connects by hand.
   *
   * @param address "host:port"; IPv6 in brackets.
   * @throws {FoundationError} `FND_DIAL_FAILED` and others, with `details.reason`.
   */
  async connect(address: string, options: WaitOptions = {}): Promise<Member> {
    checkGiven(waitChecks, options, 'connect')
    this.#assertRunning('connect()')
    const dialled = this.#parts.membership.connect(address, { provenance: 'by hand', ...options })
    return within(this.#settings.host, dialled, { what: `connect() to ${address}`, ...options })
  }

  /** How everything is right now: plain JSON, no secret. */
  status(): NodeStatus {
    return statusOf(this.#settings, this.#parts, {
      state: this.#state,
      uptimeMs: Math.round(this.#settings.host.nowMs() - this.#startedMs),
    })
  }

  /** Calls `listener` for each event of a type; returns the way to stop that. */
  on<T extends ClusterEventType>(
    type: T,
    listener: (event: ClusterEventOf<T>) => unknown,
  ): () => void {
    return this.#events.on(type, listener)
  }

  /** Every event from now on, as a stream; ends with the node or the signal. */
  watch(options?: WatchOptions): AsyncIterable<ClusterEvent> {
    return this.#events.watch(options)
  }

  /**
   * Leaves in order: the others see `left` at once. Idempotent, never rejects. With a deadline or a
   * signal it resolves when that comes first; what is left of the stop goes on by itself.
   */
  async stop(options: WaitOptions = {}): Promise<void> {
    checkGiven(waitChecks, options, 'stop')
    this.#stopping ??= this.#stop()
    await within(this.#settings.host, this.#stopping, { what: 'stop()', ...options }).catch(toError)
  }

  /** As `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping'
    this.#forgetSignals()
    await this.#parts.stop()
    this.#events.close()
    this.#state = 'stopped'
  }

  #assertRunning(what: string): void {
    if (this.#state === 'running') return
    throw new FoundationError('FND_NOT_RUNNING', `${what}: node "${this.name}" is ${this.#state}`)
  }
}

function onlyTimeouts(thrown: unknown): void {
  if (!isFoundationError(thrown) || thrown.code !== 'FND_TIMED_OUT') throw thrown
}
