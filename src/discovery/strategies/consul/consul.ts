/**
 * `consul`: the healthy instances of a service, kept current by blocking queries; on request this
 * node registers itself and keeps its own check passing.
 * @source Consul HTTP API: health, agent/service, agent/check, blocking queries
 */
import {
  flag,
  integer,
  integerCheck,
  listOf,
  optional,
  required,
  textCheck,
  type Rules,
} from '../../../kernel/index.ts'
import { urlCheck } from '../../port/json-request.ts'
import type {
  LookupResult,
  PollStrategy,
  StrategyContext,
  StrategyDefinition,
} from '../../port/port.ts'
import { ConsulAgent } from './consul-agent.ts'
import { HealthFeed } from './health-feed.ts'
import { Registration } from './registration.ts'

/** Options of `consul`. */
export interface ConsulOptions {
  /** Name of the service. */
  readonly service: string
  /** The Consul agent of this machine. */
  readonly url: string
  /** ACL token: `service:read` and `node:read`, and `service:write` with `register`. */
  readonly token: string | undefined
  /** Only instances with this tag. */
  readonly tag: string | undefined
  /** Another datacenter than the agent's. */
  readonly datacenter: string | undefined
  /** False: instances whose checks fail are proposed as well. */
  readonly passingOnly: boolean
  /** Certificate authority of the agent, PEM; those of Node when left out. */
  readonly ca: string | undefined
  /** Registers this node at start and takes it back at stop. */
  readonly register: boolean
  /** Tags of the registration. */
  readonly tags: readonly string[]
  /** Where the registration says the nodes listen. This node's own port when left out. */
  readonly port: number | undefined
  /** The registration turns critical when this node was silent for so long. 10 000 to 3 600 000. */
  readonly ttlMs: number
  /** How long one blocking query may wait for a change. 1 000 to 600 000. */
  readonly waitMs: number
}

/** The rules of {@link ConsulOptions}. */
export const consulRules: Rules<ConsulOptions> = {
  service: required(textCheck),
  url: { fallback: 'http://127.0.0.1:8500', check: urlCheck },
  token: optional(textCheck),
  tag: optional(textCheck),
  datacenter: optional(textCheck),
  passingOnly: flag(true),
  ca: optional(textCheck),
  register: flag(false),
  tags: { fallback: [], check: listOf(textCheck) },
  port: optional(integerCheck({ min: 1, max: 65_535 })),
  ttlMs: integer(60_000, { min: 10_000, max: 3_600_000 }),
  waitMs: integer(60_000, { min: 1_000, max: 600_000 }),
}

/** The `consul` strategy. */
export const consulStrategy: StrategyDefinition<ConsulOptions> = {
  name: 'consul',
  aliases: [],
  rules: consulRules,
  create: (options) => new Consul(options),
}

class Consul implements PollStrategy {
  readonly kind = 'poll'
  readonly defaults = { pollIntervalMs: 5_000, lookupTimeoutMs: 10_000, prune: 'grace' } as const
  readonly #options: ConsulOptions
  #feed: HealthFeed | undefined
  #registration: Registration | undefined

  constructor(options: ConsulOptions) {
    this.#options = options
  }

  async register(context: StrategyContext, signal: AbortSignal): Promise<void> {
    if (!this.#options.register) return
    this.#registration ??= new Registration(this.#agent(context), this.#options)
    await this.#registration.announce(context, signal)
  }

  async deregister(_context: StrategyContext, signal: AbortSignal): Promise<void> {
    await this.#registration?.withdraw(signal)
  }

  async lookup(context: StrategyContext, signal: AbortSignal): Promise<LookupResult> {
    this.#feed ??= new HealthFeed(context, this.#agent(context), this.#options)
    const peers = await this.#feed.peers(signal)
    await this.#registration?.renew(context, signal)
    return { peers, complete: true }
  }

  figures(): Readonly<Record<string, unknown>> {
    return { ...this.#feed?.figures(), isRegistered: this.#registration?.isAnnounced ?? false }
  }

  #agent({ ports }: StrategyContext): ConsulAgent {
    return new ConsulAgent(this.#options, ports)
  }
}
