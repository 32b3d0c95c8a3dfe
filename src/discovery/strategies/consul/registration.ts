/** This node's own entry in Consul: made, kept passing while the node lives, taken back. */
import { FoundationError } from '../../../kernel/index.ts'
import { parseAddress } from '../../port/address.ts'
import type { StrategyContext } from '../../port/port.ts'
import type { ConsulAgent } from './consul-agent.ts'
import { metaKeys } from './health.ts'

/** What the entry says. */
export interface RegistrationOptions {
  readonly service: string
  readonly tags: readonly string[]
  readonly port: number | undefined
  readonly ttlMs: number
}

/** Consul forgets an entry that was critical for so long; a minute is its own minimum. */
const forgottenAfterMs = 600_000

/** One entry. */
export class Registration {
  readonly #agent: ConsulAgent
  readonly #options: RegistrationOptions
  #id: string | undefined
  #passedMs = -Infinity

  constructor(agent: ConsulAgent, options: RegistrationOptions) {
    this.#agent = agent
    this.#options = options
  }

  get isAnnounced(): boolean {
    return this.#id !== undefined
  }

  /** Makes the entry, passing from the start. @throws (rejects) `FND_DISCOVERY_FAILED`. */
  async announce({ self, host }: StrategyContext, signal: AbortSignal): Promise<void> {
    const { service, tags, ttlMs } = this.#options
    const id = `foundation-${self.name}`
    const body = {
      ID: id,
      Name: service,
      Tags: tags,
      ...this.#placeOf(self),
      Meta: {
        [metaKeys.node]: self.name,
        [metaKeys.cluster]: self.cluster,
        [metaKeys.incarnation]: self.incarnation,
      },
      Check: {
        CheckID: checkOf(id),
        TTL: `${String(ttlMs)}ms`,
        Status: 'passing',
        DeregisterCriticalServiceAfter: `${String(Math.max(forgottenAfterMs, ttlMs))}ms`,
      },
    }
    const { status } = await this.#agent.put('/v1/agent/service/register', body, signal)
    if (status !== 200) throw refused('register this node', status)
    this.#id = id
    this.#passedMs = host.nowMs()
  }

  /** Says "still here", when that is due. An agent that lost the entry gets it anew. */
  async renew(context: StrategyContext, signal: AbortSignal): Promise<void> {
    const nowMs = context.host.nowMs()
    if (this.#id === undefined || nowMs - this.#passedMs < this.#options.ttlMs / 3) return
    const path = `/v1/agent/check/pass/${encodeURIComponent(checkOf(this.#id))}`
    const { status } = await this.#agent.put(path, undefined, signal)
    if (status === 200) this.#passedMs = nowMs
    // Old agents say 500 of a check they do not know, new ones 404.
    else if (status === 404 || status === 500) await this.announce(context, signal)
    else throw refused('keep the check of this node passing', status)
  }

  /** Takes the entry back. @throws (rejects) the system's error when nothing answered. */
  async withdraw(signal: AbortSignal): Promise<void> {
    if (this.#id === undefined) return
    const path = `/v1/agent/service/deregister/${encodeURIComponent(this.#id)}`
    this.#id = undefined
    await this.#agent.put(path, undefined, signal)
  }

  #placeOf({ name, addresses }: StrategyContext['self']): { Address: string; Port: number } {
    const [first = ''] = addresses
    const own = parseAddress(first)
    const port = this.#options.port ?? own?.port
    if (own && port !== undefined) return { Address: own.host, Port: port }
    const message = `Node "${name}" listens nowhere that could be registered; set "listen" or "advertise"`
    throw new FoundationError('FND_DISCOVERY_FAILED', message)
  }
}

function checkOf(id: string): string {
  return `service:${id}`
}

function refused(what: string, status: number): FoundationError {
  const advice = status === 403 ? ': the token needs service:write for this service' : ''
  const message = `Consul refused to ${what} (${String(status)})${advice}`
  return new FoundationError('FND_DISCOVERY_FAILED', message, { details: { status } })
}
