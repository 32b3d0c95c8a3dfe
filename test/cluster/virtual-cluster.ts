/** Nodes in virtual time that have found each other; stopped when the scope ends. */
import type { FoundationNode } from '../../src/node/index.ts'
import {
  createMemoryNetwork,
  type MemoryNodeOptions,
  type NodeNetwork,
} from '../../src/testing/index.ts'

/** How the network of a cluster behaves. */
export interface ClusterSetup {
  readonly seed?: number
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly options?: MemoryNodeOptions
}

/** A cluster under test. */
export interface VirtualCluster extends AsyncDisposable {
  readonly network: NodeNetwork
  readonly nodes: readonly FoundationNode[]
  node(name: string): FoundationNode
}

/** Starts the named nodes and waits until each sees all others. */
export async function virtualCluster(
  names: readonly string[],
  { seed = 1, delayMs = 1, jitterMs = 0, options = {} }: ClusterSetup = {},
): Promise<VirtualCluster> {
  const network = createMemoryNetwork({ seed, time: 'virtual', memory: { delayMs, jitterMs } })
  const nodes: FoundationNode[] = []
  for (const name of names) nodes.push(await network.startNode({ ...options, name }))
  const minPeers = names.length - 1
  await network.run(Promise.all(nodes.map((node) => node.ready({ minPeers, timeoutMs: 30_000 }))))
  return {
    network,
    nodes,
    node: (name) => {
      const found = nodes.find((node) => node.name === name)
      if (!found) throw new Error(`no node ${name}`)
      return found
    },
    [Symbol.asyncDispose]: () => network.stop(),
  }
}
