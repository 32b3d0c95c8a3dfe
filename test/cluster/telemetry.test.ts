/** What nodes say to telemetry while settings, events and children change. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TelemetryRecord } from '../../src/kernel/index.ts'
import type { ServiceContext } from '../../src/index.ts'
import { listen } from '../../src/integrations/listening.ts'
import { needs } from '../ground/ground.ts'
import { formCluster } from './form-cluster.ts'

/** Everything one node says from now on. */
class Heard implements Disposable {
  readonly #records: TelemetryRecord[] = []
  readonly #stop: () => void

  constructor(node: string) {
    this.#stop = listen(node, (record) => this.#records.push(record))
  }

  /** The metadata of an event, in order; with only these of its fields. */
  of(event: TelemetryRecord['event'], ...fields: readonly string[]): unknown[][] {
    const records = this.#records.filter((record) => record.event === event)
    return records.map(({ metadata }) => fields.map((field) => metadata[field]))
  }

  measured(event: TelemetryRecord['event']): TelemetryRecord['measurements'] | undefined {
    return this.#records.find((record) => record.event === event)?.measurements
  }

  [Symbol.dispose](): void {
    this.#stop()
  }
}

describe('telemetry of config', needs(), () => {
  it('tells of writes where they were made, and of changes and votes on every node', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const [a, b] = [cluster.node('a'), cluster.node('b')]
    using onA = new Heard('a')
    using onB = new Heard('b')
    a.config.validate('refused', () => {
      throw new Error('never')
    })
    await network.run(a.config.set('x', 1))
    await network.run(a.config.set('refused', 1).catch(() => undefined))
    const { txid } = await network.run(a.config.commit('y', 1))
    await network.run(b.config.commit('refused', 1).catch(() => undefined))
    await network.settle()
    const refused = ['refused', 'FND_CONFIG_REFUSED']
    assert.deepEqual(onA.of('config.set.done', 'path', 'outcome'), [['x', 'ok'], refused])
    assert.deepEqual(onA.of('config.commit.done', 'paths', 'outcome'), [[['y'], 'ok']])
    const failed = [[['refused'], 'FND_CONFIG_REFUSED']]
    assert.deepEqual(onB.of('config.commit.done', 'paths', 'outcome'), failed)
    const changes = [
      ['x', 'a', 'set', undefined],
      ['y', 'a', 'commit', txid],
    ]
    for (const heard of [onA, onB]) {
      // The decision of a commit may overtake a setting that is on its way.
      const told = heard.of('config.setting.changed', 'path', 'origin', 'verb', 'txid')
      assert.deepEqual(told.sort(), changes)
    }
    assert.deepEqual(onA.of('config.vote.given', 'vote', 'reason'), [
      ['yes', undefined],
      ['validator', '"refused": never'],
    ])
    assert.deepEqual(onB.of('config.vote.given', 'vote'), [['yes'], ['yes']])
  })

  it('tells a newcomer how long it was without the settings of the others', async () => {
    await using cluster = await formCluster(['a'])
    const { network } = cluster
    await network.run(cluster.node('a').config.set('x', 1))
    using onB = new Heard('b')
    const b = await network.startNode({ name: 'b' })
    await network.run(b.ready({ minPeers: 1, timeoutMs: 30_000 }))
    await network.settle()
    const { settings, durationMs } = onB.measured('config.sync.done') ?? {}
    assert.equal(settings, 1)
    assert.ok((durationMs ?? 0) > 0)
  })
})

describe('telemetry of events', needs(), () => {
  it('tells of events here, from elsewhere, and of those the history let go', async () => {
    const options = { events: { historyMaxEvents: 2 } }
    await using cluster = await formCluster(['a', 'b'], { options })
    const { network } = cluster
    const a = cluster.node('a')
    using onA = new Heard('a')
    using onB = new Heard('b')
    const first = a.events.emit('here', 1)
    for (const type of ['one', 'two', 'three']) {
      await network.run(a.events.emitDistributed(type, 1))
    }
    await network.settle()
    assert.deepEqual(onA.of('events.event.emitted', 'type', 'to'), [
      ['here', 'node'],
      ['one', 'everyone'],
      ['two', 'everyone'],
      ['three', 'everyone'],
    ])
    assert.deepEqual(onA.of('events.history.evicted', 'type'), [['here'], ['one']])
    assert.deepEqual(onA.of('events.history.evicted', 'id')[0], [first.id])
    assert.deepEqual(onA.of('events.event.received'), [])
    const received = [
      ['one', 'a'],
      ['two', 'a'],
      ['three', 'a'],
    ]
    assert.deepEqual(onB.of('events.event.received', 'type', 'from'), received)
    assert.ok((onB.measured('events.event.received')?.['bytes'] ?? 0) > 0)
  })
})

/** Fails when it is told to. */
class Counter {
  readonly #ctx: ServiceContext
  constructor(ctx: ServiceContext) {
    this.#ctx = ctx
  }
  handoff(): number {
    return 1
  }
  fail(): void {
    this.#ctx.fail(new Error('by request'))
  }
}

class Broken {
  start(): never {
    throw new Error('no start')
  }
}

const services = { Counter, Broken }

describe('telemetry of children', needs(), () => {
  it('tells of starts, moves and ends with their reasons, where they happen', async () => {
    await using cluster = await formCluster(['a', 'b'], { options: { services } })
    const { network } = cluster
    const { supervisor } = cluster.node('a')
    using onA = new Heard('a')
    using onB = new Heard('b')
    const spec = { id: 'c', service: 'Counter' }
    const child = await network.run(supervisor.startChild(spec))
    const [from, to] = child.node === 'a' ? ['a', 'b'] : ['b', 'a']
    const [source, target] = from === 'a' ? [onA, onB] : [onB, onA]
    await network.run(supervisor.move('c', to))
    await network.run(supervisor.stopChild('c'))
    await network.settle()
    const ofStarts = ['child', 'service', 'reason', 'state']
    const started = [['c', 'Counter', 'start', 'fresh']]
    assert.deepEqual(source.of('supervisor.child.started', ...ofStarts), started)
    const carried = [['c', 'Counter', 'move', 'carried']]
    assert.deepEqual(target.of('supervisor.child.started', ...ofStarts), carried)
    const ofEnds = ['child', 'service', 'reason']
    const left = [['c', 'Counter', 'moved']]
    assert.deepEqual(source.of('supervisor.child.stopped', ...ofEnds), left)
    const ended = [['c', 'Counter', 'stopped']]
    assert.deepEqual(target.of('supervisor.child.stopped', ...ofEnds), ended)
    for (const heard of [onA, onB]) {
      const moves = heard.of('supervisor.child.moved', 'child', 'from', 'to', 'reason', 'state')
      assert.deepEqual(moves, [['c', from, to, 'move', 'carried']])
    }
    const handovers = [onA, onB].flatMap((heard) =>
      heard.of('supervisor.handover.done', 'child', 'from', 'to', 'outcome', 'error'),
    )
    assert.deepEqual(handovers, [['c', from, to, 'moved', undefined]])
  })

  it('tells of failures, restarts and of what was given up', async () => {
    await using cluster = await formCluster(['a'], { options: { services } })
    const { network } = cluster
    const { supervisor } = cluster.node('a')
    using onA = new Heard('a')
    const spec = { id: 'c', service: 'Counter', maxRestarts: 1, withinMs: 60_000 }
    await network.run(supervisor.startChild(spec))
    for (let failures = 0; failures < 2; failures++) {
      await network.run(supervisor.get<Counter>('c').fail())
      await network.until('it runs again, or is given up', () => {
        const restarts = onA.of('supervisor.child.restarted').length
        return restarts + onA.of('supervisor.child.abandoned').length > failures
      })
    }
    await network.settle()
    const failed = ['c', 'Counter', 'run', 'by request']
    const ofFailures = ['child', 'service', 'during', 'error']
    assert.deepEqual(onA.of('supervisor.child.failed', ...ofFailures), [failed, failed])
    const restarted = [['c', 'Counter', 'a', 'by request']]
    const ofRestarts = ['child', 'service', 'node', 'error']
    assert.deepEqual(onA.of('supervisor.child.restarted', ...ofRestarts), restarted)
    const abandoned = [['c', 'Counter', 'by request']]
    assert.deepEqual(onA.of('supervisor.child.abandoned', 'child', 'service', 'error'), abandoned)
    const reasons = onA.of('supervisor.child.stopped', 'reason')
    assert.deepEqual(reasons, [['failed'], ['failed']])
  })

  it('tells of one that does not start, which has never been stopped', async () => {
    await using cluster = await formCluster(['a'], { options: { services } })
    const { network } = cluster
    using onA = new Heard('a')
    const spec = { id: 'd', service: 'Broken' }
    const starting = cluster.node('a').supervisor.startChild(spec)
    await network.run(starting.catch(() => undefined))
    const [failed] = onA.of('supervisor.child.failed', 'child', 'during')
    assert.deepEqual(failed, ['d', 'start'])
    assert.deepEqual(onA.of('supervisor.child.started'), [])
    assert.deepEqual(onA.of('supervisor.child.stopped'), [])
  })
})
