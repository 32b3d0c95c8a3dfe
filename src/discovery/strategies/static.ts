/**
 * `static`: a fixed list of addresses, tried again for ever.
 * It takes the place of libcluster's Epmd strategy, with ports instead of epmd.
 */
import type { Check, Rules } from '../../kernel/index.ts'
import { parseAddress } from '../port/address.ts'
import type { PeerHint, StrategyDefinition } from '../port/port.ts'

/** Options of `static`. */
export interface StaticOptions {
  /** "host:port": IPv4, IPv6 in brackets or a DNS name. This node's own address may be among them. */
  readonly hosts: readonly string[]
}

const hostsMax = 1_024

const checkHosts: Check = (value) => {
  if (!Array.isArray(value)) return 'expected a list of "host:port"'
  if (value.length > hostsMax) return `expected at most ${String(hostsMax)} hosts`
  const problems = value.map(problemOf)
  return problems.find((problem) => problem !== undefined)
}

/** The rules of {@link StaticOptions}. */
export const staticRules: Rules<StaticOptions> = { hosts: { fallback: [], check: checkHosts } }

/** The `static` strategy. */
export const staticStrategy: StrategyDefinition<StaticOptions> = {
  name: 'static',
  aliases: ['Cluster.Strategy.Epmd', 'epmd'],
  rules: staticRules,
  // In libcluster the pause between attempts, `:infinity` for "once". Here it never gives up.
  keyAliases: {
    timeout: (value) => (Number.isInteger(value) ? { pollIntervalMs: value } : {}),
  },
  create: ({ hosts }) => {
    const peers = hosts.map(hintOf)
    return {
      kind: 'poll',
      defaults: { pollIntervalMs: 5_000, lookupTimeoutMs: 3_000, prune: 'never' },
      lookup: () => Promise.resolve({ peers, complete: false }),
    }
  },
}

function problemOf(host: unknown): string | undefined {
  const shown = typeof host === 'string' ? `"${host.slice(0, 80)}"` : typeof host
  const parsed = typeof host === 'string' ? parseAddress(host) : undefined
  if (!parsed) return `expected "host:port" ("[v6]:port"), found ${shown}`
  if (parsed.port !== undefined) return undefined
  return `${shown} has no port; write "${parsed.host.includes(':') ? `[${parsed.host}]` : parsed.host}:<port>"`
}

function hintOf(address: string): PeerHint {
  return parseAddress(address) ?? { host: address }
}
