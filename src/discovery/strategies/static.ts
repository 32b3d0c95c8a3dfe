/**
 * `static`: a fixed list of addresses, tried again for ever.
 * It takes the place of libcluster's Epmd strategy. There epmd knows the ports; here a host without
 * one is dialled at the port all nodes share.
 */
import { integerCheck, optional, type Check, type Rules } from '../../kernel/index.ts'
import { parseAddress, type HostPort } from '../port/address.ts'
import type { StrategyDefinition } from '../port/port.ts'

/** Options of `static`. */
export interface StaticOptions {
  /**
   * "host:port" or "host": IPv4, IPv6 in brackets or a DNS name. This node's own address may be among
   * them. A node name of the BEAM ("shop@10.0.0.1") stands for its host.
   */
  readonly hosts: readonly string[]
  /** Port of the hosts that name none; the port all nodes of the cluster listen on. 1 to 65535. */
  readonly port: number | undefined
}

const hostsMax = 1_024

const checkHosts: Check = (value) => {
  if (!Array.isArray(value)) return 'expected a list of "host:port"'
  if (value.length > hostsMax) return `expected at most ${String(hostsMax)} hosts`
  const problems = value.map(problemOf)
  return problems.find((problem) => problem !== undefined)
}

/** The rules of {@link StaticOptions}. */
export const staticRules: Rules<StaticOptions> = {
  hosts: { fallback: [], check: checkHosts },
  port: optional(integerCheck({ min: 1, max: 65_535 })),
}

/** The `static` strategy. */
export const staticStrategy: StrategyDefinition<StaticOptions> = {
  name: 'static',
  aliases: ['epmd'],
  rules: staticRules,
  findsHostsOnly: ({ hosts }) => hosts.some((host) => parsed(host)?.port === undefined),
  create: ({ hosts, port }) => {
    const peers = hosts.map(parsed).filter((peer) => peer !== undefined)
    return {
      kind: 'poll',
      defaults: { pollIntervalMs: 5_000, lookupTimeoutMs: 3_000, prune: 'never' },
      lookup: () =>
        Promise.resolve({
          peers: peers.map((peer) => ({ ...(port !== undefined && { port }), ...peer })),
          complete: false,
        }),
    }
  },
}

function parsed(host: string): HostPort | undefined {
  return parseAddress(host.slice(host.indexOf('@') + 1))
}

function problemOf(host: unknown): string | undefined {
  if (typeof host === 'string' && parsed(host)) return undefined
  const shown = typeof host === 'string' ? `"${host.slice(0, 80)}"` : typeof host
  return `expected "host:port" ("[v6]:port") or "host", found ${shown}`
}
