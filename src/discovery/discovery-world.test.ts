/** Virtual time around a pretended node, for the tests of discovery. No tests here. */
import type { Host } from '../kernel/index.ts'
import { VirtualClock } from '../testing/virtual-host.ts'
import { PretendedNode, type PretendedNodeOptions } from './discovery-kit.test.ts'
import type { LookupResult, PeerHint, StrategyContext } from './port/port.ts'
import type { Topology } from './topology.ts'

/** A hint called like its host, on port 7000. */
export function peer(name: string): PeerHint {
  return { host: name, port: 7000, nodeName: name }
}

/** What `status()` has in its list. */
export function peerIds(node: PretendedNode): string[] {
  return (node.discovery.status()[0]?.peers ?? []).map(({ id }) => id)
}

/** Virtual time and one poll strategy that answers as told. */
export class World {
  readonly clock: VirtualClock = new VirtualClock({ seed: 1 })
  readonly host: Host = this.clock.host('a')
  readonly lookupTimes: number[] = []
  lastSignal: AbortSignal | undefined
  isUp = true
  peers: PeerHint[]
  answer: () => Promise<LookupResult> = () => Promise.resolve({ peers: this.peers, complete: true })

  constructor(peers: PeerHint[] = []) {
    this.peers = peers
  }

  get lookups(): number {
    return this.lookupTimes.length
  }

  node(
    config: Record<string, unknown>,
    topology: Partial<Topology> = {},
    options: PretendedNodeOptions = {},
  ): PretendedNode {
    const look = (signal: AbortSignal): Promise<LookupResult> => {
      this.lookupTimes.push(this.clock.nowMs)
      this.lastSignal = signal
      return this.answer()
    }
    class Told {
      lookup(_: StrategyContext, signal: AbortSignal): Promise<LookupResult> {
        return look(signal)
      }
    }
    return this.nodeOf({ strategy: Told, config, ...topology }, options)
  }

  nodeOf(topology: Topology, options: PretendedNodeOptions = {}): PretendedNode {
    const node: PretendedNode = new PretendedNode(
      { lan: topology },
      {
        host: this.host,
        ...options,
        deps: {
          connect: (hint, address) => {
            node.dials.push(address)
            if (this.isUp) node.connected.add(hint.nodeName ?? address)
            return Promise.resolve(this.isUp)
          },
          ...options.deps,
        },
      },
    )
    return node
  }
}
