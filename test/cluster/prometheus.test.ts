import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it, type TestContext } from 'node:test'
import { valuesOf } from '../../src/integrations/prometheus-fixtures.ts'
import { prometheus } from '../../src/integrations/prometheus.ts'
import { ground, needs } from '../ground/ground.ts'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

describe('prometheus', needs(), () => {
  it('counts and times what a node does, and what it is', async () => {
    await using network = await ground.openNetwork({})
    const a = await network.startNode({ name: 'a' })
    using metrics = prometheus(a)
    const b = await network.startNode({ name: 'b' })
    b.rpc.handle('add', ({ x }: { x: number }) => x + 1)
    await network.run(a.ready({ minPeers: 1 }))
    for (let x = 0; x < 3; x++) await network.run(a.rpc.call('b', 'add', { x }))
    await network.run(a.rpc.call('b', 'none').catch(() => undefined))
    await network.advance(6_000)
    const text = metrics.text()
    const calls = 'foundation_rpc_call_done_duration_seconds'
    assert.deepEqual(valuesOf(text, `${calls}_count`), {
      'node="a",outcome="ok"': 3,
      'node="a",outcome="FND_HANDLER_UNKNOWN"': 1,
    })
    const buckets = Object.values(valuesOf(text, `${calls}_bucket`)).slice(0, 14)
    assert.equal(buckets.at(-1), 3)
    assert.deepEqual(
      buckets,
      buckets.toSorted((x, y) => x - y),
      'buckets add up',
    )
    assert.deepEqual(valuesOf(text, 'foundation_membership_member_up_total'), { 'node="a"': 1 })
    const members = valuesOf(text, 'foundation_members')
    assert.equal(members['node="a",status="alive"'], 2)
    assert.equal(valuesOf(text, 'foundation_health')['node="a",status="healthy"'], 1)
  })

  it('shows settings, events and children by the names the guide gives', async () => {
    class Counter {
      start(): void {}
    }
    await using network = await ground.openNetwork({})
    const a = await network.startNode({ name: 'a', services: { Counter } })
    using metrics = prometheus(a)
    await network.run(a.config.commit('x', 1))
    a.events.emit('made', 1)
    await network.run(a.supervisor.startChild({ id: 'c', service: 'Counter' }))
    const text = metrics.text()
    const sums = {
      config_commit_done_duration_seconds_count: 'node="a",outcome="ok"',
      config_vote_given_total: 'node="a",vote="yes"',
      config_setting_changed_total: 'node="a",verb="commit"',
      events_event_emitted_total: 'node="a",to="node"',
      supervisor_child_started_duration_seconds_count: 'node="a",service="Counter",reason="start"',
    }
    for (const [name, labels] of Object.entries(sums)) {
      assert.deepEqual(valuesOf(text, `foundation_${name}`), { [labels]: 1 })
    }
  })

  it('writes what promtool accepts', async (context: TestContext) => {
    if (!hasPromtool) {
      context.diagnostic(
        'promtool is not installed (Debian: prometheus): the format is NOT checked',
      )
      context.skip('promtool is not installed')
      return
    }
    await using network = await ground.openNetwork({})
    const a = await network.startNode({ name: 'a "quoted" \\ name'.replaceAll(' ', '_') })
    using metrics = prometheus(a)
    await network.startNode({ name: 'b' })
    await network.run(a.ready({ minPeers: 1 }))
    await network.run(a.rpc.call('b', 'none').catch(() => undefined))
    await network.advance(6_000)
    const checked = spawnSync('promtool', ['check', 'metrics'], {
      input: metrics.text(),
      encoding: 'utf8',
    })
    assert.deepEqual([checked.status, checked.stderr.trim()], [0, ''], checked.stdout)
  })
})
