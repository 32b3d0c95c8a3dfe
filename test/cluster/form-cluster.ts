/** Nodes on the engine under test that have found each other; stopped when the scope ends. */
import type { FoundationNode } from '../../src/node/index.ts'
import type { MemoryNodeOptions } from '../../src/testing/index.ts'
import { ground } from '../ground/ground.ts'
import type { Network, NetworkSetup } from '../ground/network.ts'

/** How a cluster begins. */
export interface ClusterSetup extends NetworkSetup {
  readonly options?: MemoryNodeOptions
}

/** A cluster under test. */
export interface Cluster extends AsyncDisposable {
  readonly network: Network
  readonly nodes: readonly FoundationNode[]
  readonly node: (name: string) => FoundationNode
}

/** Starts the named nodes and waits until each sees all others. */
export async function formCluster(
  names: readonly string[],
  { options = {}, ...setup }: ClusterSetup = {},
): Promise<Cluster> {
  const network = await ground.openNetwork(setup)
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

/** Parts the nodes, and waits until each side has given the others up. */
export async function part(
  { network, node }: Cluster,
  ...groups: readonly (readonly string[])[]
): Promise<void> {
  network.partition(...groups)
  const isParted = (): boolean =>
    groups.every((group) => group.every((name) => sees(node(name), group)))
  await network.until('each side has given the others up', isParted)
}

/** Whether those are the members a node has. */
export function sees(node: FoundationNode, names: readonly string[]): boolean {
  const members = node.members().map(({ name }) => name)
  return members.sort().join() === names.toSorted().join()
}
