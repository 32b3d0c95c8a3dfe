/** A child that somebody was told is accepted stays wanted, whatever becomes of a start elsewhere. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { ServiceContext } from '../../src/index.ts'
import { deferred, type Deferred } from '../../src/kernel/index.ts'
import { needs } from '../ground/ground.ts'
import { codeOf } from './children-kit.ts'
import { formCluster, part, type Cluster } from './form-cluster.ts'

const names = ['a', 'b', 'c'] as const
const spec = { id: 'x', service: 'Moody', maxRestarts: 100 }

/** Nodes on which a start fails. */
const bad = new Set<string>()
/** A start waits for it, where there is one. */
let gate: Deferred<undefined> | undefined
/** Instances at work, by node. */
const living: string[] = []

class Moody {
  readonly #node: string
  constructor(ctx: ServiceContext) {
    this.#node = ctx.node
  }
  async start(): Promise<void> {
    await gate?.promise
    if (bad.has(this.#node)) throw new Error('not in the mood')
    living.push(this.#node)
  }
  stop(): void {
    const at = living.indexOf(this.#node)
    if (at !== -1) living.splice(at, 1)
  }
}

const options = { services: { Moody }, supervisor: { restartDelayMs: 50 } }

/** What each node says of the child. */
function told({ node }: Cluster): (string | undefined)[] {
  return names.map((name) => node(name).supervisor.which({ prefix: 'x' })[0]?.state)
}

async function runsOnce(cluster: Cluster): Promise<void> {
  const runs = (): boolean => told(cluster).every((state) => state === 'running')
  await cluster.network.until('all say that it runs', runs)
  await cluster.network.advance(15_000)
  assert.deepEqual([told(cluster), living.length], [['running', 'running', 'running'], 1])
}

describe('an accepted child', needs('virtual time'), () => {
  beforeEach(() => {
    bad.clear()
    gate = undefined
    living.length = 0
  })

  it('is not taken back by a first start that failed on the other side of a split', async () => {
    await using cluster = await formCluster(names, { options })
    const { network, node } = cluster
    await part(cluster, ['a'], ['b', 'c'])
    await network.run(node('b').supervisor.startChild(spec))
    await network.advance(1_000)
    bad.add('a')
    const refused = await network.run(codeOf(node('a').supervisor.startChild(spec)))
    assert.equal(refused, 'FND_CHILD_START_FAILED')
    assert.deepEqual(told(cluster), [undefined, 'running', 'running'])
    network.heal()
    await runsOnce(cluster)
  })

  it('is not taken back by the failed start that somebody else waited for', async () => {
    await using cluster = await formCluster(names, { options })
    const { network, node } = cluster
    for (const name of names) bad.add(name)
    gate = deferred()
    const first = codeOf(node('a').supervisor.startChild(spec))
    await network.advance(50)
    await network.run(node('b').supervisor.startChild({ ...spec, ack: 'accepted' }))
    gate.resolve(undefined)
    assert.equal(await network.run(first), 'FND_CHILD_START_FAILED')
    bad.clear()
    await runsOnce(cluster)
  })

  it('is nobody’s while all who asked wait for its first start, and that fails', async () => {
    await using cluster = await formCluster(names, { options })
    const { network, node } = cluster
    for (const name of names) bad.add(name)
    gate = deferred()
    const asked = names.map((name) => codeOf(node(name).supervisor.startChild(spec)))
    await network.advance(50)
    gate.resolve(undefined)
    const outcomes = await network.run(Promise.all(asked))
    assert.deepEqual(outcomes, Array(3).fill('FND_CHILD_START_FAILED'))
    bad.clear()
    await network.advance(15_000)
    assert.deepEqual([told(cluster), living], [[undefined, undefined, undefined], []])
    await network.run(node('c').supervisor.startChild(spec))
    await runsOnce(cluster)
  })
})
