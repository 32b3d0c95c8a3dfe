/**
 * `createMemoryNetwork`: real nodes of the facade on a network in memory. They find each other as
 * the nodes of one app on one LAN do; no socket, no file and no environment is touched.
 */
import type { PeerHint, StrategyDefinition } from '../discovery/index.ts'
import { silentLog } from '../kernel/index.ts'
import { idleVitals } from '../monitor/index.ts'
import { startNodeIn, type FoundationNode } from '../node/index.ts'
import type { StartOptions } from '../setup/index.ts'
import type { MemoryHub } from '../transport/index.ts'
import { MemoryNetwork, type MemoryNetworkOptions } from './network.ts'

/** Options of a node in memory: those of `startNode`; `app` is "memory" unless given. */
export type MemoryNodeOptions = Omit<StartOptions, 'transport'>

/** A network of {@link FoundationNode}s. */
export type NodeNetwork = MemoryNetwork<MemoryNodeOptions, FoundationNode>

/**
 * Makes an empty network.
 *
 * @example
 *   await using network = createMemoryNetwork({ seed: 1 })
 *   const a = await network.startNode({ name: 'a' })
 *   const b = await network.startNode({ name: 'b' })
 *   await a.ready({ minPeers: 1 })
 */
export function createMemoryNetwork(options: MemoryNetworkOptions = {}): NodeNetwork {
  const network: NodeNetwork = new MemoryNetwork((given: MemoryNodeOptions, { host, engine }) => {
    const memory = { memory: { strategy: everyoneOn(network.hub) } }
    const { topologies = memory } = given
    const defaults = { app: 'memory', log: silentLog }
    return startNodeIn(
      { host, env: {}, workingFolder: undefined, vitals: idleVitals },
      { ...defaults, ...given, transport: engine, topologies, cluster: false },
    )
  }, options)
  return network
}

const pollIntervalMs = 1_000

/** Lists every address of the hub, as a switch of its own would. */
function everyoneOn(hub: MemoryHub): StrategyDefinition {
  return {
    name: 'memory',
    aliases: [],
    rules: {},
    create: () => ({
      kind: 'poll',
      defaults: { pollIntervalMs, lookupTimeoutMs: pollIntervalMs, prune: 'never' },
      lookup: () => Promise.resolve({ peers: hub.addresses.map(hintOf), complete: false }),
    }),
  }
}

function hintOf(address: string): PeerHint {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}
