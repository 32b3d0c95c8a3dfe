/**
 * What a full mesh costs as it grows: simulated nodes in virtual time, nothing to do but to stay
 * together. Counts what all of them say to each other in a second, and how long the cluster takes to
 * learn of a name, a killed node and a silent node.
 *
 *     node bench/mesh-size.ts [--sizes 10,25,50,100] [--save bench/mesh-size.json]
 *
 * For hundreds of nodes: `mesh-core.ts`. The picture of both: `mesh-picture.ts`.
 *
 * Pings of the mesh engine are counted by their rate (each side of each link, every 500 ms): the
 * engine in memory has none of its own on the wire.
 */
import { parseArgs } from 'node:util'
import type { FoundationNode } from '../src/node/index.ts'
import { createMemoryNetwork, type NodeNetwork } from '../src/testing/index.ts'
import { saveRows, type SizeRow } from './mesh-core/rows.ts'

const pingIntervalMs = 500
const idleMs = 10_000
const stepMs = 10
const patienceMs = 60_000

const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '10,25,50,100' }, save: { type: 'string' } },
})
const rows: SizeRow[] = []
for (const size of values.sizes.split(',').map(Number)) {
  const row = await measure(size)
  rows.push(row)
  console.log(JSON.stringify(row))
}
print(rows)
if (values.save !== undefined) saveRows(values.save, rows)

async function measure(size: number): Promise<SizeRow> {
  await using network = createMemoryNetwork({ seed: 1, time: 'virtual', memory: { delayMs: 1 } })
  const nodes: FoundationNode[] = []
  for (let at = 0; at < size; at++) nodes.push(await network.startNode({ name: `n${String(at)}` }))
  await until(network, () => nodes.every((node) => node.members().length === size))
  await network.advance(5_000)
  const sentBefore = sentBy(nodes)
  await network.advance(idleMs)
  const payloadsPerSecond = ((sentBy(nodes) - sentBefore) * 1000) / idleMs
  const nameKnownMs = await knows(network, nodes)
  const killSeenMs = await losesOne(network, nodes, (name) => network.kill(name))
  const silenceSeenMs = await losesOne(network, nodes, (name) => network.pause(name, patienceMs))
  return {
    kind: 'whole',
    nodes: size,
    payloadsPerSecond: Math.round(payloadsPerSecond),
    pingsPerSecond: (size * (size - 1) * 1000) / pingIntervalMs,
    nameKnownMs,
    killSeenMs,
    silenceSeenMs,
  }
}

function sentBy(nodes: readonly FoundationNode[]): number {
  const classes = nodes.flatMap((node) =>
    node.status().links.flatMap((link) => Object.values(link.classes)),
  )
  return classes.reduce((sum, { sentFrames }) => sum + sentFrames, 0)
}

/** Virtual milliseconds until every node knows a name that one of them has registered. */
async function knows(network: NodeNetwork, nodes: readonly FoundationNode[]): Promise<number> {
  const host = network.host('network')
  const beganMs = host.nowMs()
  await network.run((nodes[0] as FoundationNode).registry.register('a name'))
  await until(network, () => nodes.every((node) => node.registry.lookup('a name') !== undefined))
  return Math.round(host.nowMs() - beganMs)
}

/** Virtual milliseconds until every other node has given up one that is gone. */
async function losesOne(
  network: NodeNetwork,
  nodes: FoundationNode[],
  strike: (name: string) => void,
): Promise<number> {
  const host = network.host('network')
  const victim = nodes.pop() as FoundationNode
  const beganMs = host.nowMs()
  strike(victim.name)
  await until(network, () =>
    nodes.every((node) => node.members().every(({ name }) => name !== victim.name)),
  )
  return Math.round(host.nowMs() - beganMs)
}

async function until(network: NodeNetwork, condition: () => boolean): Promise<void> {
  for (let spentMs = 0; !condition(); spentMs += stepMs) {
    if (spentMs > patienceMs) throw new Error('it did not happen within a virtual minute')
    await network.advance(stepMs)
  }
}

function print(measured: readonly SizeRow[]): void {
  console.table(
    measured.map((row) => ({
      nodes: row.nodes,
      'payloads/s': row.payloadsPerSecond,
      'pings/s': row.pingsPerSecond,
      'pulses/s on NATS': row.nodes * (1000 / pingIntervalMs),
      'a name known everywhere, ms': row.nameKnownMs,
      'kill seen by all, ms': row.killSeenMs,
      'silence seen by all, ms': row.silenceSeenMs,
    })),
  )
}
