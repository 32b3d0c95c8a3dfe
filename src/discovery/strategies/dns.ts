/**
 * `dns`: every address behind a name is a peer. It takes the place of libcluster's DNSPoll,
 * Kubernetes.DNS and Kubernetes.DNSSRV, and uses the port of SRV records.
 * Answers are partial by nature (Cloud Map gives 8 of any number), so absence means nothing.
 */
import { isIP } from 'node:net'
import {
  integerCheck,
  listOf,
  oneOf,
  optional,
  required,
  textCheck,
  toError,
  type Check,
  type Rules,
} from '../../kernel/index.ts'
import { isHost, isPort, parseAddress } from '../port/address.ts'
import { peerAt } from '../port/peer-at.ts'
import type {
  LookupResult,
  PeerHint,
  PollStrategy,
  StrategyContext,
  StrategyDefinition,
} from '../port/port.ts'
import { isEmptyAnswer, type DnsQueryOptions, type SrvRecord } from '../port/ports.ts'

/** Options of `dns`. */
export interface DnsOptions {
  /** A name, or a list of at most 16. */
  readonly query: readonly string[] | string
  /** `address`: A and AAAA. `srv`: SRV. `auto`: `srv` for names that begin with `_`, else `address`. */
  readonly type: 'auto' | 'address' | 'srv'
  /** Where the nodes listen; the port of the SRV record, or this node's own port, when left out. */
  readonly port: number | undefined
  /** Name servers to ask, "ip" or "ip:port"; those of the system when left out. At most 8. */
  readonly servers: readonly string[]
}

const queriesMax = 16
const serversMax = 8
/** SRV targets resolved in one lookup; the rest waits for another answer in another order. */
const targetsMax = 256

const checkName: Check = (value) =>
  typeof value === 'string' && isHost(value) && isIP(value) === 0
    ? undefined
    : 'expected a DNS name'

const checkQuery: Check = (value) => {
  if (!Array.isArray(value)) return checkName(value)
  const isRightSize = value.length >= 1 && value.length <= queriesMax
  return isRightSize ? listOf(checkName)(value) : `expected 1 to ${String(queriesMax)} names`
}

const checkServers: Check = (value) => {
  if (Array.isArray(value) && value.length > serversMax) {
    return `expected at most ${String(serversMax)} servers`
  }
  return listOf((server) => {
    const parsed = textCheck(server) === undefined ? parseAddress(server as string) : undefined
    return parsed && isIP(parsed.host) !== 0 ? undefined : 'expected "ip" or "ip:port"'
  })(value)
}

/** The rules of {@link DnsOptions}. */
export const dnsRules: Rules<DnsOptions> = {
  query: required(checkQuery),
  type: oneOf('auto', ['auto', 'address', 'srv']),
  port: optional(integerCheck({ min: 1, max: 65_535 })),
  servers: { fallback: [], check: checkServers },
}

/** The `dns` strategy. */
export const dnsStrategy: StrategyDefinition<DnsOptions> = {
  name: 'dns',
  aliases: ['dns_poll', 'dns_cluster'],
  rules: dnsRules,
  findsHostsOnly: ({ query, type }) => [query].flat().some((name) => !asksForSrv(name, type)),
  create: (options) => new Dns(options),
}

/** Names of SRV records begin with `_service._protocol`. */
function asksForSrv(name: string, type: DnsOptions['type']): boolean {
  return type === 'srv' || (type === 'auto' && name.startsWith('_'))
}

/** What one lookup came to, for `status()`. */
interface QueryFigures {
  answers: number
  /** Names that do not exist, or have no record of the kind asked for. */
  empty: number
  failed: number
}

class Dns implements PollStrategy {
  readonly kind = 'poll'
  readonly defaults = { pollIntervalMs: 5_000, lookupTimeoutMs: 3_000, prune: 'never' } as const
  readonly #options: DnsOptions
  readonly #queries: readonly string[]
  #figures: QueryFigures = { answers: 0, empty: 0, failed: 0 }

  constructor(options: DnsOptions) {
    this.#options = options
    this.#queries = [options.query].flat()
  }

  async lookup(context: StrategyContext, signal: AbortSignal): Promise<LookupResult> {
    const asked = this.#queries.map((name) => this.#ask(name, context, signal))
    const settled = await Promise.allSettled(asked)
    const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const failures = settled.flatMap((one) =>
      one.status === 'rejected' ? [toError(one.reason)] : [],
    )
    const peers = answers.flat()
    this.#figures = {
      answers: peers.length,
      empty: answers.filter((answer) => answer.length === 0).length,
      failed: failures.length,
    }
    const [failure] = failures
    if (!failure) return { peers, complete: false }
    // What the other names gave is as good as ever, and the failure must not be silent.
    for (const peer of peers) context.emit({ type: 'seen', peer })
    throw failure
  }

  figures(): Readonly<Record<string, unknown>> {
    return { ...this.#figures }
  }

  async #ask(name: string, context: StrategyContext, signal: AbortSignal): Promise<PeerHint[]> {
    const { type, servers } = this.#options
    const isSrv = asksForSrv(name, type)
    try {
      return isSrv
        ? await this.#services(name, context, { signal, servers })
        : await this.#addresses(name, context, { signal, servers })
    } catch (error) {
      if (isEmptyAnswer(error)) return []
      throw error
    }
  }

  /** The system's resolver where it can be used: it knows search domains and the hosts file. */
  async #addresses(
    name: string,
    { ports: { dns } }: StrategyContext,
    how: DnsQueryOptions,
  ): Promise<PeerHint[]> {
    const isOwnServer = how.servers.length > 0
    const found = isOwnServer ? await dns.resolveAddresses(name, how) : await dns.lookup(name)
    return found.map((host) => peerAt([host], this.#options.port)).filter(isDefined)
  }

  async #services(
    name: string,
    { ports: { dns } }: StrategyContext,
    how: DnsQueryOptions,
  ): Promise<PeerHint[]> {
    const records = (await dns.resolveSrv(name, how)).filter(isOffered).slice(0, targetsMax)
    const resolved = records.map(async ({ name: target, port }) => {
      const hosts = await dns.resolveAddresses(target, how)
      return peerAt(hosts, this.#options.port ?? port)
    })
    const settled = await Promise.allSettled(resolved)
    const peers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const failures = settled.flatMap((one) =>
      one.status === 'rejected' ? [toError(one.reason)] : [],
    )
    if (peers.length === 0 && failures[0]) throw failures[0]
    return peers.filter(isDefined)
  }
}

/** A target of "." says that the service is decidedly not offered. @source RFC 2782 */
function isOffered({ name, port }: SrvRecord): boolean {
  return name !== '' && name !== '.' && isPort(port)
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined
}
