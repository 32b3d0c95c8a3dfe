/** What reaches an instance that ends: once its `stop` has begun it is given no call any more. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { ServiceContext } from '../../src/index.ts'
import { deferred } from '../../src/kernel/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, part, type Cluster } from './form-cluster.ts'

const names = ['a', 'b', 'c'] as const
const spec = { id: 'x', service: 'Worker', shutdownMs: 200 }
const calls = 5

/** In the order they were born. */
const instances: Worker[] = []

/** Its call 0 ends when a test says so, or when it has stopped. */
class Worker {
  readonly ctx: ServiceContext
  readonly gate = deferred<undefined>()
  /** What it did. */
  readonly lines: string[] = []
  constructor(ctx: ServiceContext) {
    this.ctx = ctx
    instances.push(this)
  }
  handoff(): number {
    return 1
  }
  stop(): void {
    this.lines.push('stop')
    this.gate.resolve(undefined)
  }
  async work(number: number): Promise<number> {
    this.lines.push(String(number))
    if (number === 0) await this.gate.promise
    return number
  }
}

const options = { services: { Worker }, supervisor: { handoverDrainMs: 500, restartDelayMs: 50 } }

/** The instance that a node has now. */
function instanceOn(name: string): Worker {
  const found = instances.findLast(({ ctx }) => ctx.node === name)
  if (!found) throw new Error(`no instance on ${name}`)
  return found
}

/** Calls that wait behind the first one on the instance of a node. */
async function callsOf({ network, node }: Cluster, name: string): Promise<Promise<number>[]> {
  const remote = node(name).supervisor.get<Worker>('x', { timeoutMs: 60_000 })
  const made = Array.from({ length: calls }, (_, number) => remote.work(number))
  await network.advance(50)
  assert.deepEqual(instanceOn(name).lines, ['0'])
  return made
}

/** The instance worked on the first call alone; the others had their answers elsewhere. */
async function leftAllButOne(
  { network }: Cluster,
  ending: Worker,
  made: readonly Promise<number>[],
): Promise<void> {
  assert.deepEqual(await network.run(Promise.all(made)), [0, 1, 2, 3, 4])
  assert.deepEqual(ending.lines, ['0', 'stop'])
  const others = instances.filter((each) => each !== ending).flatMap(({ lines }) => lines)
  assert.deepEqual(others, ['1', '2', '3', '4'])
}

describe('a child that ends', needs('virtual time'), () => {
  beforeEach(() => {
    instances.length = 0
  })

  it('in a hand-over leaves its calls to the next instance', async () => {
    await using cluster = await formCluster(names, { options })
    const { network, node } = cluster
    const { node: from = '' } = await network.run(node('a').supervisor.startChild(spec))
    const ending = instanceOn(from)
    const made = await callsOf(cluster, from)
    const to = names.find((name) => name !== from) ?? ''
    const moved = node(from)
      .supervisor.move('x', to)
      .catch(() => undefined)
    await network.advance(50)
    ending.ctx.fail(new Error('by request'))
    await network.advance(50)
    assert.deepEqual(ending.lines, ['0'], 'a call that runs has time to end')
    ending.gate.resolve(undefined)
    await network.run(moved)
    await leftAllButOne(cluster, ending, made)
  })

  it('because it lives twice leaves them to the one that stays', async () => {
    await using cluster = await formCluster(names, { options })
    const { network, node } = cluster
    await part(cluster, ['a'], ['b', 'c'])
    await network.run(node('b').supervisor.startChild(spec))
    await network.run(node('a').supervisor.startChild(spec))
    const made = await callsOf(cluster, 'a')
    network.heal()
    await leftAllButOne(cluster, instanceOn('a'), made)
  })
})
