/**
 * `rancher`: the containers of this service, from the metadata service of Rancher 1.x. It takes the
 * place of libcluster's Rancher strategy.
 */
import { integerCheck, optional, type Rule, type Rules } from '../../kernel/index.ts'
import { requestJson, urlCheck } from '../port/json-request.ts'
import { peerAt } from '../port/peer-at.ts'
import type { PeerHint, StrategyDefinition } from '../port/port.ts'

/** Options of `rancher`. */
export interface RancherOptions {
  /** The metadata service, as a container sees it. */
  readonly url: string
  /** Where the nodes listen. This node's own port when left out. */
  readonly port: number | undefined
}

const url: Rule<string> = { fallback: 'http://rancher-metadata', check: urlCheck }

/** The rules of {@link RancherOptions}. */
export const rancherRules: Rules<RancherOptions> = {
  url,
  port: optional(integerCheck({ min: 1, max: 65_535 })),
}

/** The `rancher` strategy. */
export const rancherStrategy: StrategyDefinition<RancherOptions> = {
  name: 'rancher',
  aliases: [],
  rules: rancherRules,
  findsHostsOnly: () => true,
  create: ({ url: base, port }) => ({
    kind: 'poll',
    defaults: { pollIntervalMs: 5_000, lookupTimeoutMs: 10_000, prune: 'grace' },
    async lookup({ ports }, signal) {
      const asked = { url: new URL('/latest/self/service', base).href, signal }
      const { document } = await requestJson(ports, asked)
      return { peers: containersOf(document).flatMap((one) => peerOf(one, port)), complete: true }
    },
  }),
}

/** As the metadata service describes one; anything may be missing. */
interface Container {
  readonly primary_ip?: unknown
  readonly ips?: unknown
  /** `running`, `starting`, `stopped`, ... Absent in old versions. */
  readonly state?: unknown
}

function containersOf(document: unknown): readonly Container[] {
  const containers = (document as { readonly containers?: unknown } | null)?.containers
  if (!Array.isArray(containers)) throw new TypeError('The Rancher metadata has no "containers"')
  return containers.filter((one): one is Container => typeof one === 'object' && one !== null)
}

function peerOf({ primary_ip, ips, state }: Container, port: number | undefined): PeerHint[] {
  const [first] = Array.isArray(ips) ? (ips as unknown[]) : []
  const host = typeof primary_ip === 'string' && primary_ip !== '' ? primary_ip : first
  if (typeof host !== 'string' || (state !== undefined && state !== 'running')) return []
  return [peerAt([host], port)].filter((peer) => peer !== undefined)
}
