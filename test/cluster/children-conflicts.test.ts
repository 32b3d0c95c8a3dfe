/**
 * A split in which both sides start the same children, many at once. TEST_CONFLICTS gives another
 * number than `npm test` has time for.
 */
import assert from 'node:assert/strict'
import process from 'node:process'
import { describe, it } from 'node:test'
import type { ServiceContext, StopReason } from '../../src/index.ts'
import { silentLog, type Log } from '../../src/kernel/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, part, type Cluster } from './form-cluster.ts'
import { inBatches } from './in-batches.ts'

const many = Number(process.env['TEST_CONFLICTS'] ?? '250')
const names = ['a', 'b', 'c'] as const

/** Instances at work, as `id node`. */
const living = new Set<string>()
const ends: string[] = []

/** Holds the marks it was given, its own and those of one that gave way; one that is mute gives none. */
class Holder {
  readonly #line: string
  readonly #isMute: boolean
  #marks: string[] = []
  constructor({ id, node }: ServiceContext) {
    this.#line = `${id} ${node}`
    this.#isMute = id.startsWith('mute:')
    living.add(this.#line)
  }
  stop(reason: StopReason): void {
    living.delete(this.#line)
    ends.push(reason)
  }
  handoff(): readonly string[] {
    if (this.#isMute) throw new Error('nothing to say')
    return this.#marks
  }
  mergeState(lost: readonly string[]): void {
    this.#marks.push(...lost)
  }
  mark(by: string): void {
    this.#marks.push(by)
  }
  marks(): readonly string[] {
    return this.#marks
  }
}

const idsOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}:${String(at)}`)

/** Starts the children on the side of a node, and has each hold a mark of that side. */
async function startOn(cluster: Cluster, name: string, ids: readonly string[]): Promise<void> {
  const { network, node } = cluster
  const { supervisor } = node(name)
  const one = async (at: number): Promise<void> => {
    const id = ids[at] ?? ''
    await supervisor.startChild({ id, service: 'Holder' }, { timeoutMs: 60_000 })
    await supervisor.get<Holder>(id).mark(name)
  }
  await inBatches(ids.length, one, (batch) => network.run(batch))
}

describe('children that both sides of a split have started', needs('virtual time'), () => {
  it(`are each one in the end, ${String(many)} at once, with the states of both or a word of loss`, async () => {
    living.clear()
    ends.length = 0
    let losses = 0
    const failures: string[] = []
    const warn = (fields: object, message: string): void => {
      if (/state of a child that g/.test(message) && 'child' in fields) losses += 1
    }
    const log: Log = { ...silentLog, warn, child: () => log }
    const options = { services: { Holder }, log }
    await using cluster = await formCluster(names, { options, jitterMs: 3 })
    const { network, node, nodes } = cluster
    for (const each of nodes) each.on('child-failed', ({ id }) => failures.push(id))
    await part(cluster, ['a'], ['b', 'c'])
    const mute = Math.ceil(many / 20)
    const ids = [...idsOf('holder', many - mute), ...idsOf('mute', mute)]
    await startOn(cluster, 'a', ids)
    await startOn(cluster, 'b', ids)
    assert.equal(living.size, 2 * many)
    network.heal()
    const isOver = (): boolean =>
      living.size === many && nodes.every(({ supervisor }) => supervisor.count().running === many)
    await network.until('each child lives once', isOver)
    await network.advance(5_000)
    assert.ok(isOver())
    assert.equal(new Set([...living].map((line) => line.split(' ')[0])).size, many)
    assert.deepEqual(
      ends,
      Array.from({ length: many }, () => 'conflict'),
    )
    assert.deepEqual(failures, [])
    const marks: (readonly string[])[] = []
    const ask = async (at: number): Promise<void> => {
      marks[at] = await node('c')
        .supervisor.get<Holder>(ids[at] ?? '')
        .marks()
    }
    await inBatches(many, ask, (batch) => network.run(batch))
    const expected = ids.map((id) => (id.startsWith('mute:') ? ['a'] : ['a', 'b']))
    assert.deepEqual(marks, expected, 'the incumbents stayed, with what the others had')
    assert.equal(losses, mute)
  })
})
