import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError } from '../../src/kernel/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster } from './form-cluster.ts'

/** What callers without types may give: the option that is named, and a call with it. */
const mistakes: Readonly<Record<string, (node: FoundationNode) => unknown>> = {
  'members.state': (node) => node.members({ state: ['down'] } as never),
  'members.status': (node) => node.members({ status: ['dead'] } as never),
  'ready.minPeer': (node) => node.ready({ minPeer: 1 } as never),
  'ready.minPeers': (node) => node.ready({ minPeers: -1 }),
  'ready.onTimeout': (node) => node.ready({ onTimeout: 'goon' } as never),
  'connect.timeout': (node) => node.connect('127.0.0.1:1', { timeout: 5 } as never),
  'watch.bufferMax': (node) => node.watch({ bufferMax: -1 }),
  'type of a cluster event': (node) => node.on('member-upp' as never, () => undefined),
  listener: (node) => node.on('member-up', undefined as never),
  'broadcast.too': (node) => node.pubsub.broadcast('events.x', 1, { too: 'everyone' } as never),
  'broadcast.to': (node) => node.pubsub.broadcast('events.x', 1, { to: 'all' } as never),
  'directBroadcast.timeout': (node) =>
    node.pubsub.directBroadcast('b', 'events.x', 1, { timeout: 5 } as never),
  'call.timeout': (node) => node.rpc.call('b', 'x', 1, { timeout: 5 } as never),
  'call.timeoutMs': (node) => node.rpc.call('b', 'x', 1, { timeoutMs: '5' } as never),
  'multicall.node': (node) => node.rpc.multicall('x', 1, { node: 'b' } as never),
  'register.metta': (node) => node.registry.register('name', {}, { metta: 1 } as never),
  'register.ack': (node) => node.registry.register('name', {}, { ack: 'some' } as never),
  'lookup.aftr': (node) => node.registry.lookup('name', { aftr: 1 } as never),
  'lookup.after': (node) => node.registry.lookup('name', { after: 'x' } as never),
  'select.prefx': (node) => node.registry.select({ prefx: 'n' } as never),
  'count.where': (node) => node.registry.count({ where: 'n' } as never),
  'watch.prefx': (node) => node.registry.watch({ prefx: 'n' } as never, () => undefined),
  'watch listener': (node) => node.registry.watch({}, 5 as never),
  'join.mta': (node) => node.registry.join('group', {}, { mta: 1 } as never),
  'work of dispatch': (node) => node.registry.dispatch('group', undefined as never),
  'meta key': (node) => node.registry.meta.put(5 as never, 1),
  'startChild.timeout': (node) =>
    node.supervisor.startChild({ id: 'x', service: 'X' }, { timeout: 1 } as never),
  'which.state': (node) => node.supervisor.which({ state: 'alive' } as never),
  'drain.timeout': (node) => node.supervisor.drain({ timeout: 1 } as never),
  'move.timeout': (node) => node.supervisor.move('x', 'b', { timeout: 1 } as never),
  'node of move': (node) => node.supervisor.move('x', undefined as never),
  'commit.timeout': (node) => node.config.commit('x', 1, { timeout: 1 } as never),
  changes: (node) => node.config.commit(null as never),
  'outcome of resolve': (node) => {
    node.config.resolve('a/1/1', 'COMMIT' as never)
  },
  'emit.subjekt': (node) => node.events.emit('x.y', 1, { subjekt: 'z' } as never),
  'query.typ': (node) => node.events.query({ typ: 'x' } as never),
  'type of a monitor event': (node) => node.monitor.on('healed' as never, () => undefined),
  'stop.timeout': (node) => node.stop({ timeout: 1 } as never),
}

describe('options of calls', needs(), () => {
  it('that are not known or not right are refused by name, and nothing else happens', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const a = cluster.node('a')
    for (const [option, call] of Object.entries(mistakes)) {
      const made = new Promise((resolve) => {
        resolve(call(a))
      })
      await assert.rejects(cluster.network.run(made), (error) => {
        assert.ok(isFoundationError(error), option)
        assert.equal(error.code, 'FND_OPTION_INVALID', option)
        assert.equal(error.details?.['option'], option)
        return true
      })
    }
    assert.equal(a.registry.lookup('name'), undefined)
    assert.equal(a.status().state, 'running')
    assert.equal(a.status().health.status, 'healthy')
    assert.equal(a.members().length, 2)
  })
})
