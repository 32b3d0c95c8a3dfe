import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnosticsTelemetry } from '../kernel/index.ts'
import { prometheus } from './prometheus.ts'
import { valuesOf } from './prometheus-fixtures.ts'

describe('prometheus', () => {
  it('counts only its own node, and only until it is stopped', () => {
    const node = fakeNode('a')
    const metrics = prometheus(node)
    diagnosticsTelemetry('a').execute('transport.handshake.shed', { count: 1 })
    diagnosticsTelemetry('b').execute('transport.handshake.shed', { count: 1 })
    metrics.stop()
    diagnosticsTelemetry('a').execute('transport.handshake.shed', { count: 1 })
    const counted = valuesOf(metrics.text(), 'foundation_transport_handshake_shed_total')
    assert.deepEqual(counted, { 'node="a"': 1 })
  })

  it('keeps the number of series within a bound', () => {
    using metrics = prometheus(fakeNode('a'))
    const telemetry = diagnosticsTelemetry('a')
    for (let at = 0; at < 150; at++) {
      const reason = `reason ${String(at)}`
      telemetry.execute('transport.handshake.refused', { count: 1 }, () => ({ reason }))
    }
    const counted = valuesOf(metrics.text(), 'foundation_transport_handshake_refused_total')
    assert.deepEqual([Object.keys(counted).length, counted['node="a",reason="other"']], [101, 50])
  })
})

function fakeNode(name: string): Parameters<typeof prometheus>[0] {
  const nothing = { members: [], links: [], topologies: [], missingEdges: [], nodes: {} }
  const snapshot = {
    ...nothing,
    node: name,
    health: { status: 'healthy', reasons: [] },
    healing: { quarantined: [] },
    config: { diverged: [] },
  }
  const status = { pubsub: {}, rpc: {}, rejectedMessages: 0 }
  return { name, monitor: { snapshot: () => snapshot }, status: () => status } as never
}
