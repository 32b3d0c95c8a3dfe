/** Fifty nodes that all want the same names. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError, sleep } from '../../src/kernel/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import { ground, needs } from '../ground/ground.ts'
import type { Network } from '../ground/network.ts'

const nodeCount = 50
/** Within so much virtual time all ask. An arbiter that asks first is granted it without a message. */
const raceMs = 10
const names: readonly string[] = Array.from({ length: 20 }, (_, at) => `leader-${String(at)}`)

describe('registry, a crowd of claimants', needs('virtual time'), () => {
  it('gives each name that fifty nodes register to one of them, and refuses it to the others', async () => {
    await using network = await ground.openNetwork({ jitterMs: 5 })
    const nodes = await formCrowd(network)
    const races = names.map((name, turn) =>
      nodes.map(async (node, at) => {
        await sleep(network.host(node.name), (7 * at + turn) % raceMs)
        return verdictOn(node, name)
      }),
    )
    const verdicts = await network.run(Promise.all(races.map((race) => Promise.all(race))))
    await network.settle()
    for (const [at, name] of names.entries()) {
      const granted = verdicts[at]?.filter((verdict) => verdict.startsWith('granted')) ?? []
      const refused = verdicts[at]?.filter((verdict) => verdict === 'FND_NAME_TAKEN') ?? []
      assert.deepEqual([granted.length, refused.length], [1, nodeCount - 1], name)
      const tables = new Set(nodes.map((node) => rowOf(node, name)))
      assert.deepEqual([...tables], granted, `${name} is the winner's on every node`)
    }
    for (const node of nodes) assert.equal(node.registry.count(), names.length)
    // Fifty that leave in order, each telling all others, would take longer than the race.
    for (const { name } of nodes) network.kill(name)
  })
})

/** Starts all at once; each waits until it sees all others. */
async function formCrowd(network: Network): Promise<FoundationNode[]> {
  const starts = Array.from({ length: nodeCount }, (_, at) =>
    network.startNode({ name: `node-${String(at)}` }),
  )
  const nodes = await Promise.all(starts)
  const minPeers = nodeCount - 1
  await network.run(Promise.all(nodes.map((node) => node.ready({ minPeers, timeoutMs: 30_000 }))))
  return nodes
}

/** What a node is told that registers a name: who has it, or the code it is refused with. */
function verdictOn(node: FoundationNode, name: string): Promise<string> {
  return node.registry.register(name).then(
    ({ epoch }) => `granted to ${node.name} with ${String(epoch)}`,
    (thrown: unknown) => (isFoundationError(thrown) ? thrown.code : String(thrown)),
  )
}

/** Who has a name in the table of a node, as {@link verdictOn} says it. */
function rowOf(node: FoundationNode, name: string): string {
  const entry = node.registry.lookup(name)
  return entry ? `granted to ${entry.node} with ${String(entry.epoch)}` : 'nobody'
}
