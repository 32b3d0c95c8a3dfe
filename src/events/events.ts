/**
 * Events 2.0: typed events in the envelope of CloudEvents, told to this node or to all, with a bounded
 * history on each node. At most once, like every broadcast; nothing is kept on disk.
 */
import {
  currentTrace,
  integer,
  invalid,
  optional,
  resolveRules,
  runInTrace,
  textCheck,
  type Check,
  type Host,
  type Lifecycle,
  type Rules,
  type Telemetry,
  type TraceContext,
} from '../kernel/index.ts'
import type { DeliveryMeta, PubSub, SubscribeOptions, Subscription } from '../pubsub/index.ts'
import { isEventOf, sourceOf, type EventDataOf, type FoundationEvent } from './event.ts'
import { EventHistory, type EventQuery } from './history.ts'
import { eventsDefaults, type EventsOptions } from './options.ts'

/** What {@link Events} talks to. */
export interface EventsDeps {
  readonly host: Host
  readonly telemetry: Telemetry
  readonly pubsub: Pick<PubSub, 'subscribe' | 'broadcast' | 'localBroadcast'>
  /** Name of this node. */
  readonly self: string
}

/** What may be said of an event beside its type and data. */
export interface EmitOptions {
  /** What the event is about. */
  readonly subject?: string | undefined
  /** Default: that of the work at hand, see `currentTrace`. At most 255 bytes. */
  readonly correlationId?: string | undefined
}

/** Plain figures, for `status()`. */
export interface EventsStats {
  /** Events of this node. */
  readonly emitted: number
  /** Events of other nodes. */
  readonly received: number
  /** Events in the history, and their bytes as encoded. */
  readonly kept: number
  readonly keptBytes: number
  /** Events the history has dropped for later ones. */
  readonly dropped: number
}

/** Called with each event. */
export type EventHandler<D = unknown> = (event: FoundationEvent<D>) => unknown

const channel = 'events'
const correlationMaxBytes = 255

const correlationCheck: Check = (value) =>
  textCheck(value) ??
  (Buffer.byteLength(value as string) > correlationMaxBytes
    ? `expected at most ${String(correlationMaxBytes)} bytes`
    : undefined)

const emitRules: Rules<EmitOptions> = {
  subject: optional(textCheck),
  correlationId: optional(correlationCheck),
}

const timeCheck: Check = (value) =>
  Number.isNaN(new Date(value as string).getTime()) ? 'expected a time' : undefined

const queryRules: Rules<EventQuery> = {
  type: optional(textCheck),
  source: optional(textCheck),
  since: optional(timeCheck),
  until: optional(timeCheck),
  correlationId: optional(textCheck),
  limit: optional(integer(0, { min: 0, max: Number.MAX_SAFE_INTEGER }).check),
}

/** One a node. */
export class Events implements Lifecycle {
  readonly #deps: EventsDeps
  readonly #history: EventHistory
  readonly #source: string
  /** Makes ids of this life differ from those of a former one. */
  readonly #life: string
  readonly #tap: Subscription
  /** Of the message kept last: all its subscribers get the same. */
  #keptMeta: DeliveryMeta | undefined
  #emitted = 0
  #received = 0

  constructor(deps: EventsDeps, options: EventsOptions = eventsDefaults) {
    this.#deps = deps
    this.#history = new EventHistory(options, this.#evicted)
    this.#source = sourceOf(deps.self)
    this.#life = Buffer.from(deps.host.randomBytes(8)).toString('base64url')
    this.#tap = deps.pubsub.subscribe(
      `${channel}.>`,
      (message: unknown, meta) => {
        this.#keep(message, meta)
      },
      { announce: false },
    )
  }

  /** Nothing to do: events are taken in from the beginning. */
  start(): void {
    return
  }

  stop(): void {
    this.#tap.unsubscribe()
  }

  /**
   * Tells the subscribers of this node; they were called before this returns.
   *
   * @param type tokens with dots between.
   * @throws {FoundationError} `FND_TOPIC_INVALID`, `FND_MESSAGE_INVALID`, `FND_OPTION_INVALID`,
   *   `FND_NOT_RUNNING`
   */
  emit<const T extends string>(
    type: T,
    data?: EventDataOf<T>,
    options: EmitOptions = {},
  ): FoundationEvent<EventDataOf<T>> {
    const event = this.#eventOf(type, data as EventDataOf<T>, options)
    this.#inTraceOf(event, () => {
      this.#deps.pubsub.localBroadcast<string>(topicOf(type), event)
    })
    this.#tellEmitted(event, 'node')
    return event
  }

  /**
   * Tells the subscribers of every node: a broadcast of `events.<type>`, which every node keeps in its
   * history. Resolves as a broadcast does: when each peer's queue has taken or lost it.
   *
   * @throws {FoundationError} (rejects) as `emit`, and `FND_MESSAGE_TOO_LARGE`, `FND_LIMIT_REACHED`
   */
  async emitDistributed<const T extends string>(
    type: T,
    data?: EventDataOf<T>,
    options: EmitOptions = {},
  ): Promise<FoundationEvent<EventDataOf<T>>> {
    const event = this.#eventOf(type, data as EventDataOf<T>, options)
    await this.#inTraceOf(event, () =>
      this.#deps.pubsub.broadcast<string>(topicOf(type), event, { to: 'everyone' }),
    )
    this.#tellEmitted(event, 'everyone')
    return event
  }

  /**
   * Calls `handler` with each event whose type matches, of this node and of others. It runs in the
   * trace of the event: what it emits, publishes and calls carries the same correlation id.
   *
   * @param pattern `*` stands for one token, a last `>` for one or more.
   * @throws {FoundationError} `FND_TOPIC_INVALID`, `FND_OPTION_INVALID`, `FND_NOT_RUNNING`
   */
  subscribe<const T extends string>(
    pattern: T,
    handler: EventHandler<EventDataOf<T>>,
    options: Omit<SubscribeOptions<FoundationEvent<EventDataOf<T>>>, 'announce' | 'copy'> = {},
  ): Subscription {
    if (typeof handler !== 'function') throw invalid('handler', 'expected a function', handler)
    const onMessage = (message: FoundationEvent<EventDataOf<T>>, meta: DeliveryMeta): unknown =>
      // A handler finds the event it is called with in the history, whoever is called first.
      this.#keep(message, meta) ? handler(message) : undefined
    // Every event comes to every node anyway, so nobody need be told.
    return this.#deps.pubsub.subscribe<string, FoundationEvent<EventDataOf<T>>>(
      topicOf(pattern),
      onMessage,
      { ...options, announce: false, copy: false },
    )
  }

  /**
   * Finds events in the history of this node, which holds those it emitted and those it received
   * since it started; it asks no other node.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID`, `FND_TOPIC_INVALID`
   */
  query(query: EventQuery = {}): FoundationEvent[] {
    return this.#history.query(resolveRules(queryRules, query, 'query'))
  }

  stats(): EventsStats {
    return {
      emitted: this.#emitted,
      received: this.#received,
      kept: this.#history.size,
      keptBytes: this.#history.bytes,
      dropped: this.#history.dropped,
    }
  }

  #eventOf<D>(type: string, data: D, given: EmitOptions): FoundationEvent<D> {
    const { subject, correlationId } = resolveRules(emitRules, given, 'emit')
    const trace = currentTrace()
    const correlationid = correlationId ?? trace?.correlationId
    this.#emitted += 1
    return Object.freeze({
      specversion: '1.0',
      id: `${this.#life}-${String(this.#emitted)}`,
      source: this.#source,
      type,
      time: new Date(this.#deps.host.wallClockMs()).toISOString(),
      ...(subject !== undefined && { subject }),
      data,
      ...(correlationid !== undefined && { correlationid }),
      ...(trace?.traceparent !== undefined && { traceparent: trace.traceparent }),
    })
  }

  #inTraceOf<T>({ correlationid, traceparent }: FoundationEvent, work: () => T): T {
    const trace: TraceContext | undefined =
      correlationid === undefined && traceparent === undefined
        ? undefined
        : { correlationId: correlationid, traceparent }
    return runInTrace(trace, work)
  }

  /** @returns false when the message is no event. */
  #keep(message: unknown, meta: DeliveryMeta): boolean {
    if (!isEventOf(message, eventNamed(meta))) return false
    if (this.#keptMeta === meta) return true
    this.#keptMeta = meta
    if (meta.from !== this.#deps.self) this.#tellReceived(message, meta)
    this.#history.add(message, meta.bytes)
    return true
  }

  #tellEmitted({ type, id }: FoundationEvent, to: 'node' | 'everyone'): void {
    const { telemetry } = this.#deps
    telemetry.execute('events.event.emitted', { count: 1 }, () => ({ type, id, to }))
  }

  #tellReceived({ type, id }: FoundationEvent, { from, bytes }: DeliveryMeta): void {
    const { telemetry } = this.#deps
    this.#received += 1
    telemetry.execute('events.event.received', { count: 1, bytes }, () => ({ type, id, from }))
  }

  readonly #evicted = ({ type, id }: FoundationEvent, bytes: number): void => {
    const { telemetry } = this.#deps
    telemetry.execute('events.history.evicted', { count: 1, bytes }, () => ({ type, id }))
  }
}

/** @throws {FoundationError} `FND_OPTION_INVALID`: any other value would make a text of itself. */
function topicOf(type: unknown): string {
  if (typeof type !== 'string') throw invalid('type of an event', 'expected a string', type)
  return `${channel}.${type}`
}

function eventNamed({ from, topic }: DeliveryMeta): { nodeName: string; type: string } {
  return { nodeName: from, type: topic.slice(channel.length + 1) }
}
