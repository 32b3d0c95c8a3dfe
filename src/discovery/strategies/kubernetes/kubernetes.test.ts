import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemHost } from '../../../kernel/index.ts'
import { until } from '../../../testing/waiting/until.ts'
import { skipWithoutOpenssl } from '../../../transport/mesh/certificate-fixtures.test.ts'
import { loneContext } from '../../discovery-kit.test.ts'
import { resolveTopology } from '../../topology.ts'
import { ApiServer, endpoint, pod, refuse, slice } from './api-server.test.ts'
import { figuresOf, isWatching, listed, nodeOf, statusOf } from './kubernetes-kit.test.ts'

describe('kubernetes, pods by label', { skip: skipWithoutOpenssl }, () => {
  it('lists from memory, then watches from the version of the list', async (t) => {
    const api = await ApiServer.start(t)
    api.put(pod('a', '10.0.0.1'))
    api.put(pod('b', '10.0.0.2'))
    const node = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('both are dialled', () => node.dials.length === 2)
    assert.deepEqual(node.dials.toSorted(), ['10.0.0.1:4001', '10.0.0.2:4001'])
    await until('it watches', () => api.openWatches === 1)
    const [list, watch] = [api.lists[0], api.watches[0]]
    assert.equal(list?.path, '/api/v1/namespaces/shop/pods')
    assert.equal(list.query.get('labelSelector'), 'app=shop')
    assert.equal(list.query.get('resourceVersion'), '0')
    assert.equal(watch?.query.get('resourceVersion'), String(api.version))
    assert.equal(watch.query.get('allowWatchBookmarks'), 'true')
    const seconds = Number(watch.query.get('timeoutSeconds'))
    assert.ok(seconds >= 240 && seconds <= 360)
    const lookups = node.eventsOf('lookup').length
    await until('more lookups', () => node.eventsOf('lookup').length > lookups + 5)
    assert.equal(api.asked.length, 2, 'lookups while it watches ask nothing')
  })

  it('dials a newcomer as soon as the watch tells of it, and misses who is gone', async (t) => {
    const api = await ApiServer.start(t)
    api.put(pod('a', '10.0.0.1'))
    const node = nodeOf(t, api, { labelSelector: 'app=shop', pollIntervalMs: 3_600_000 })
    await until('it watches', () => api.openWatches === 1)
    api.put(pod('b', '10.0.0.2'))
    await until('b is dialled, with no lookup due', () => node.dials.includes('10.0.0.2:4001'))
    api.delete('a')
    await until('a is missing', () => {
      node.discovery.refresh()
      return listed(node).join() === '10.0.0.2:4001'
    })
    assert.deepEqual(node.disconnects, [], 'absence is no verdict')
  })

  it('passes over pods that are not running, on their way out, or without an address', async (t) => {
    const api = await ApiServer.start(t)
    const status = (phase: string, podIP?: string): object => ({ phase, podIP })
    api.put(pod('failed', '', { status: status('Failed', '10.0.0.1') }))
    api.put(pod('done', '', { status: status('Succeeded', '10.0.0.2') }))
    api.put(pod('pending', '', { status: status('Pending', '10.0.0.3') }))
    api.put(pod('new', '', { status: status('Running') }))
    const metadata = { name: 'going', deletionTimestamp: '2026-01-01T00:00:00Z' }
    api.put(pod('going', '10.0.0.4', { metadata }))
    const conditions = [{ type: 'Ready', status: 'False' }]
    const podIP = '10.0.0.5'
    api.put(pod('unready', '', { status: { phase: 'Running', podIP, conditions } }))
    const podIPs = [{ ip: '10.0.0.6' }, { ip: 'fd00::6' }]
    api.put(pod('dual', '', { status: { phase: 'Running', podIP: '10.0.0.6', podIPs } }))
    api.put(pod('six', 'fd00::7'))
    api.put({ metadata: {}, nonsense: true })
    const node = nodeOf(t, api, { labelSelector: 'app=shop,tier=web', port: 7100 })
    await until('three are listed', () => listed(node).length === 3)
    assert.deepEqual(listed(node), ['10.0.0.5:7100', '10.0.0.6:7100', 'fd00::7:7100'])
    const dual = statusOf(node).peers.find(({ id }) => id.startsWith('10.0.0.6'))
    assert.deepEqual(dual?.addresses, ['10.0.0.6:7100', '[fd00::6]:7100'])
    assert.equal(api.lists[0]?.query.get('labelSelector'), 'app=shop,tier=web')
    assert.equal(figuresOf(node).skipped, 1)
  })

  it('takes a named port of the container', async (t) => {
    const api = await ApiServer.start(t)
    api.put(pod('a', '10.0.0.1'))
    const node = nodeOf(t, api, { labelSelector: 'app=shop', portName: 'foundation' })
    await until('it is dialled', () => node.dials.length === 1)
    assert.deepEqual(node.dials, ['10.0.0.1:7000'])
  })
})

describe('kubernetes, slices of a service', { skip: skipWithoutOpenssl }, () => {
  it('merges several slices of both families; terminating is out, not ready is in', async (t) => {
    const api = await ApiServer.start(t)
    api.put(slice('shop-1', [endpoint('a', '10.0.0.1'), endpoint('b', '10.0.0.2', {})]))
    const ending = endpoint('c', '10.0.0.3', { ready: false, serving: true, terminating: true })
    api.put(slice('shop-2', [ending, endpoint('d', '10.0.0.4', { ready: false })]))
    api.put(slice('shop-6', [endpoint('a', 'fd00::1'), endpoint('e', 'fd00::5')], 'IPv6'))
    api.put(slice('shop-7', [{ addresses: ['10.0.0.9'] }, { targetRef: {} }, 'nonsense']))
    api.put(slice('shop-8', [endpoint('f', 'f.example')], 'FQDN'))
    const node = nodeOf(t, api, { service: 'shop', portName: 'foundation', labelSelector: 'x=y' })
    await until('all are listed', () => listed(node).length === 5)
    const expected = ['10.0.0.1:7000', '10.0.0.2:7000', '10.0.0.4:7000', '10.0.0.9:7000']
    assert.deepEqual(listed(node), [...expected, 'fd00::5:7000'])
    const both = statusOf(node).peers.find(({ id }) => id === '10.0.0.1:7000')
    assert.deepEqual(both?.addresses, ['10.0.0.1:7000', '[fd00::1]:7000'])
    const [list] = api.lists
    assert.equal(list?.path, '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices')
    assert.equal(list.query.get('labelSelector'), 'kubernetes.io/service-name=shop')
  })

  it('a slice that is changed or deleted by the watch leaves the others alone', async (t) => {
    const api = await ApiServer.start(t)
    api.put(slice('shop-1', [endpoint('a', '10.0.0.1')]))
    api.put(slice('shop-2', [endpoint('b', '10.0.0.2')]))
    const node = nodeOf(t, api, { service: 'shop' })
    await until('it watches', () => api.openWatches === 1)
    api.put(slice('shop-1', [endpoint('a', '10.0.0.1'), endpoint('c', '10.0.0.3')]))
    api.delete('shop-2')
    await until('a and c', () => listed(node).join() === '10.0.0.1:4001,10.0.0.3:4001')
  })
})

describe('kubernetes, a watch that ends', { skip: skipWithoutOpenssl }, () => {
  it('goes on from the last version, bookmarks included, without a new list', async (t) => {
    const api = await ApiServer.start(t)
    api.put(pod('a', '10.0.0.1'))
    const node = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('it watches', () => api.openWatches === 1)
    api.bookmark()
    api.endWatches()
    await until('it watches again', () => api.watches.length === 2)
    assert.equal(api.watches[1]?.query.get('resourceVersion'), String(api.version))
    await until('it is open', () => isWatching(node))
    api.put(pod('b', '10.0.0.2'))
    api.cut()
    await until('a third', () => api.watches.length === 3)
    assert.equal(api.lists.length, 1)
    assert.equal(node.eventsOf('lookup-failed').length, 0)
  })

  it('reads lines however they are cut, and a line that is torn off is as if never sent', async (t) => {
    const api = await ApiServer.start(t)
    const node = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('it watches', () => api.openWatches === 1)
    const metadata = { name: 'größer', uid: 'ü', resourceVersion: '500' }
    const object = pod('x', '10.0.0.1', { metadata })
    const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`)
    for (const byte of line) {
      api.write(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('it is dialled', () => node.dials.includes('10.0.0.1:4001'))
    const torn = JSON.stringify({ type: 'ADDED', object: pod('y', '10.0.0.2') })
    api.write(torn.slice(0, -5))
    await new Promise((resolve) => setImmediate(resolve))
    api.cut()
    await until('it watches again', () => api.watches.length >= 2)
    assert.equal(api.watches.at(-1)?.query.get('resourceVersion'), '500')
    assert.ok(!node.dials.includes('10.0.0.2:4001'))
    assert.equal(api.lists.length, 1)
  })

  it('lists again when the version is too old: as an event, as a status, and after nonsense', async (t) => {
    const api = await ApiServer.start(t)
    const node = nodeOf(t, api, { labelSelector: 'app=shop' })
    const isOpen = (lists: number) => (): boolean =>
      api.lists.length === lists && api.openWatches === 1 && isWatching(node)
    await until('it watches', isOpen(1))
    api.expireInStream()
    await until('a second list', isOpen(2))
    let refusals = 0
    api.intercept = ({ isWatch }, response) =>
      isWatch && refusals++ === 0 && refuse(response, 410, 'Expired')
    api.endWatches()
    await until('a third list', isOpen(3))
    api.write('this is not JSON\n')
    await until('a fourth list', isOpen(4))
    assert.equal(node.eventsOf('lookup-failed').length, 0)
  })

  it('one that has outlived its term without a word is opened anew', async (t) => {
    const api = await ApiServer.start(t)
    let shiftMs = 0
    const host = { ...systemHost, nowMs: () => systemHost.nowMs() + shiftMs }
    const { context, stop } = loneContext({ host })
    t.after(() => {
      stop.abort()
    })
    const config = { ...api.config, labelSelector: 'app=shop' }
    const { strategy } = resolveTopology('t', { strategy: 'kubernetes', config })
    assert.equal(strategy.kind, 'poll')
    const { signal } = new AbortController()
    await strategy.lookup(context, signal)
    shiftMs = 300_000 * 0.8
    await strategy.lookup(context, signal)
    assert.equal(api.watches.length, 1)
    shiftMs = 300_000 * 1.2 + 31_000
    await strategy.lookup(context, signal)
    assert.equal(api.watches.length, 2)
    await until('the old one is closed', () => api.openWatches === 1)
  })

  it('ends when the node stops', async (t) => {
    const api = await ApiServer.start(t)
    const node = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('it watches', () => api.openWatches === 1)
    await node.discovery.stop()
    await until('nothing is open', () => api.openWatches === 0)
  })
})
