/** What an operator may tune of pubsub, and the table of channels. */
import {
  defaultsOf,
  FoundationError,
  integer,
  integerCheck,
  oneOf,
  optional,
  resolveRules,
  type Rules,
} from '../kernel/index.ts'
import { channelClasses, type ChannelClass } from '../transport/index.ts'
import { tokenProblem } from './topic.ts'

/** Options of pubsub. */
export interface PubSubOptions {
  /** Broadcasts that wait for one (peer, class); beyond it they fail. 1 to 65 536. */
  readonly waitersMax: number
  /** Bytes of them; beyond it they fail. */
  readonly waitingMaxBytes: number
  /** Topics whose subscribers and peers are kept at hand; beyond it all are looked up anew. */
  readonly routesMax: number
  /** Messages handlers of this node have published to themselves and that wait their turn. */
  readonly localQueueMax: number
  /** A target that drops messages is logged at most once in this time. Milliseconds. */
  readonly dropLogIntervalMs: number
}

/** The rules of {@link PubSubOptions}. */
export const pubsubRules: Rules<PubSubOptions> = {
  waitersMax: integer(1_024, { min: 1, max: 65_536 }),
  waitingMaxBytes: integer(8 * 1_024 * 1_024, { min: 1_024, max: 1_024 * 1_024 * 1_024 }),
  routesMax: integer(10_000, { min: 16, max: 1_000_000 }),
  localQueueMax: integer(65_536, { min: 1, max: 1_048_576 }),
  dropLogIntervalMs: integer(60_000, { min: 100, max: 86_400_000 }),
}

/** The defaults of {@link PubSubOptions}. */
export const pubsubDefaults: PubSubOptions = defaultsOf(pubsubRules)

/**
 * What happens to a message when the queue to a peer is full. `fail`: the broadcast rejects with
 * `FND_LIMIT_REACHED`. `wait`: it resolves later. `drop-oldest`: the newest matter.
 */
export type Overflow = 'fail' | 'wait' | 'drop-oldest'

/** A channel as a user gives it. */
export interface ChannelOptions {
  readonly class: ChannelClass
  /** Default: that of the standard channel of the class. */
  readonly overflow?: Overflow | undefined
  /** Bound of the queue to each peer. Bytes, 64 KiB to 1 GiB. Default: the engine's. */
  readonly queueMaxBytes?: number | undefined
}

/** A channel as it is used. */
export interface Channel {
  readonly name: string
  readonly class: ChannelClass
  readonly overflow: Overflow
  readonly queueMaxBytes: number | undefined
}

const overflowOf: Readonly<Record<ChannelClass, Overflow>> = {
  control: 'fail',
  events: 'wait',
  telemetry: 'drop-oldest',
  bulk: 'wait',
}

const channelRules: Rules<ChannelOptions> = {
  class: oneOf('events', channelClasses),
  overflow: optional((value) =>
    Object.values(overflowOf).includes(value as Overflow)
      ? undefined
      : 'expected "fail", "wait" or "drop-oldest"',
  ),
  queueMaxBytes: optional(integerCheck({ min: 65_536, max: 1_024 ** 3 })),
}

/**
 * The standard channels, one a class, and the given ones, which may change a standard one.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID` naming the channel and what is wrong with it.
 */
export function channelTable(
  given: Readonly<Record<string, ChannelOptions>> = {},
): ReadonlyMap<string, Channel> {
  const table = new Map<string, Channel>()
  for (const name of channelClasses) table.set(name, channelOf(name, { class: name }))
  for (const [name, options] of Object.entries(given)) {
    const problem = tokenProblem(name)
    if (problem !== undefined) {
      const message = `Option "channels.${name}": the name ${problem}`
      throw new FoundationError('FND_OPTION_INVALID', message, { details: { option: 'channels' } })
    }
    const channelClass = table.get(name)?.class
    const path = `channels.${name}`
    const resolved = resolveRules(
      channelRules,
      Object.assign({ class: channelClass }, options),
      path,
    )
    table.set(name, channelOf(name, resolved))
  }
  return table
}

function channelOf(
  name: string,
  { class: channelClass, overflow, queueMaxBytes }: ChannelOptions,
): Channel {
  return {
    name,
    class: channelClass,
    overflow: overflow ?? overflowOf[channelClass],
    queueMaxBytes,
  }
}
