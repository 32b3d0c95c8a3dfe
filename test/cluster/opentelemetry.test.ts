import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import * as api from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import { currentTrace } from '../../src/kernel/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import { openTelemetry } from '../../src/integrations/opentelemetry.ts'
import { parseTraceparent, traceparentOf } from '../../src/integrations/traceparent.ts'
import { ground, needs } from '../ground/ground.ts'

const exporter = new InMemorySpanExporter()
const tracer = (): api.Tracer => api.trace.getTracer('application')

function useTracing(sampler?: AlwaysOffSampler): void {
  const spanProcessors = [new SimpleSpanProcessor(exporter)]
  api.trace.disable()
  api.trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors, ...(sampler && { sampler }) }),
  )
}

function finished(name: string): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.name === name)
}

/** Two nodes, each with its own bridge. */
async function withPair(
  work: (a: FoundationNode, b: FoundationNode) => Promise<void>,
): Promise<void> {
  await using network = await ground.openNetwork({ time: 'real' })
  const a = await network.startNode({ name: 'a' })
  const b = await network.startNode({ name: 'b' })
  const bridges = [await openTelemetry(a, { api }), await openTelemetry(b, { api })]
  try {
    for (const node of [a, b]) await node.ready({ minPeers: 1, timeoutMs: 30_000 })
    await work(a, b)
  } finally {
    for (const bridge of bridges) bridge.stop()
  }
}

describe('openTelemetry: traces', needs(), () => {
  before(() => {
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  })
  beforeEach(() => {
    useTracing()
    exporter.reset()
  })
  after(() => {
    api.trace.disable()
    api.context.disable()
  })

  it('make one trace of a call on two nodes, inside the application own spans', () =>
    withPair(async (a, b) => {
      b.rpc.handle('work', () => {
        tracer().startSpan('query').end()
        return 1
      })
      await tracer().startActiveSpan('request', async (span) => {
        await a.rpc.call('b', 'work')
        span.end()
      })
      const [request, call, serve, query] = [
        'request',
        'rpc.call work',
        'rpc.serve work',
        'query',
      ].flatMap((name) => finished(name))
      assert.ok(request && call && serve && query)
      const traces = [request, call, serve, query].map((span) => span.spanContext().traceId)
      assert.equal(new Set(traces).size, 1)
      assert.equal(call.parentSpanContext?.spanId, request.spanContext().spanId)
      assert.equal(serve.parentSpanContext?.spanId, call.spanContext().spanId)
      assert.equal(serve.parentSpanContext.isRemote, true)
      assert.equal(query.parentSpanContext?.spanId, serve.spanContext().spanId)
      assert.deepEqual([call.kind, serve.kind], [api.SpanKind.CLIENT, api.SpanKind.SERVER])
      assert.deepEqual(
        [call.attributes['foundation.node'], serve.attributes['foundation.node']],
        ['a', 'b'],
      )
    }))

  it('make one trace of a commit on all its members, and of what its handlers do', () =>
    withPair(async (a, b) => {
      const handled = new Promise<string | undefined>((resolve) => {
        b.config.subscribe('limits.rate', () => {
          resolve(currentTrace()?.traceparent)
        })
      })
      b.config.validate('limits.rate', () => {
        tracer().startSpan('look up').end()
      })
      const { txid } = await tracer().startActiveSpan('request', async (span) => {
        const commit = await a.config.commit('limits.rate', 7, { timeoutMs: 10_000 })
        span.end()
        return commit
      })
      const [request] = finished('request')
      const [commit] = finished('config.commit')
      const parts = finished('config.participate')
      assert.ok(request && commit)
      assert.equal(commit.parentSpanContext?.spanId, request.spanContext().spanId)
      assert.equal(traceparentOf(commit.spanContext()), await handled)
      const { attributes } = commit
      assert.equal(attributes['foundation.paths'], 'limits.rate')
      assert.equal(attributes['foundation.txid'], txid)
      assert.equal(attributes['foundation.participants'], 'a,b')
      assert.equal(attributes['foundation.outcome'], 'ok')
      assert.match(String(attributes['foundation.version']), /\.a$/)
      const lookUp = finished('look up').at(-1)
      const around = parts.find(
        (span) => span.spanContext().spanId === lookUp?.parentSpanContext?.spanId,
      )
      assert.equal(around?.attributes['foundation.node'], 'b')
      assert.equal(around.attributes['foundation.txid'], txid)
      // A first try may have come before both had compared their settings.
      const told = parts
        .filter((span) => span.attributes['foundation.txid'] === txid)
        .filter((span) => span.parentSpanContext?.spanId === commit.spanContext().spanId)
        .map((span) => [
          ...['node', 'from', 'vote', 'outcome'].map((key) => span.attributes[`foundation.${key}`]),
          span.spanContext().traceId === request.spanContext().traceId,
        ])
      assert.deepEqual(told.sort(), [
        ['a', 'a', 'yes', 'commit', true],
        ['b', 'a', 'yes', 'commit', true],
      ])
    }))

  it('say why a commit failed', () =>
    withPair(async (a, b) => {
      b.config.validate('limits.rate', () => {
        throw new Error('too many')
      })
      const failed = { code: 'FND_CONFIG_REFUSED' }
      await assert.rejects(a.config.commit('limits.rate', 8, { timeoutMs: 10_000 }), failed)
      const [commit] = finished('config.commit')
      assert.equal(commit?.attributes['foundation.outcome'], 'FND_CONFIG_REFUSED')
      assert.equal(commit.status.code, api.SpanStatusCode.ERROR)
      const refused = finished('config.participate').find(
        (span) => span.attributes['foundation.vote'] === 'validator',
      )
      assert.equal(refused?.attributes['foundation.node'], 'b')
      assert.equal(refused.attributes['foundation.outcome'], 'abort')
    }))

  it('give a call without a span around it a trace of its own, each time another', () =>
    withPair(async (a, b) => {
      b.rpc.handle('work', () => 1)
      await a.rpc.call('b', 'work')
      await a.rpc.call('b', 'work')
      const serves = finished('rpc.serve work')
      const calls = finished('rpc.call work')
      assert.deepEqual(
        serves.map((span) => span.spanContext().traceId),
        calls.map((span) => span.spanContext().traceId),
      )
      assert.equal(new Set(serves.map((span) => span.spanContext().traceId)).size, 2)
    }))

  it('say what a call failed of', () =>
    withPair(async (a, b) => {
      b.rpc.handle('work', () => {
        throw new Error('broken')
      })
      await assert.rejects(a.rpc.call('b', 'work'))
      for (const name of ['rpc.call work', 'rpc.serve work']) {
        const [span] = finished(name)
        assert.deepEqual(span?.status, { code: api.SpanStatusCode.ERROR, message: 'broken' })
        assert.equal(span.events[0]?.name, 'exception')
      }
    }))

  it('carry the application trace in messages', () =>
    withPair(async (a, b) => {
      const traces: (string | undefined)[] = []
      const heard = new Promise<void>((resolve) => {
        b.pubsub.subscribe('events.x', () => {
          traces.push(currentTrace()?.traceparent)
          resolve()
        })
      })
      const ready = a.pubsub.subscribe('events.ready', () => undefined)
      await ready.ready
      let expected = ''
      // Interest travels: published again until it has arrived.
      const publishing = (async () => {
        for (let round = 0; round < 500 && traces.length === 0; round++) {
          await tracer().startActiveSpan('publish', async (span) => {
            if (traces.length === 0) expected = span.spanContext().traceId
            await a.pubsub.broadcast('events.x', 1)
            span.end()
          })
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
      })()
      await heard
      await publishing
      assert.ok(finished('publish').some((span) => traces[0] === traceparentOf(span.spanContext())))
      assert.ok(expected)
    }))

  it('carry that nobody samples: the other node does not begin a trace of its own', () => {
    useTracing(new AlwaysOffSampler())
    return withPair(async (a, b) => {
      const flags: (number | undefined)[] = []
      b.rpc.handle('work', () => {
        flags.push(parseTraceparent(currentTrace()?.traceparent)?.traceFlags)
      })
      await a.rpc.call('b', 'work')
      assert.deepEqual(flags, [0])
    })
  })

  it('end when the bridge is stopped', async () => {
    await using network = await ground.openNetwork({})
    const a = await network.startNode({ name: 'a' })
    const bridge = await openTelemetry(a, { api })
    bridge.stop()
    bridge.stop()
    await network.run(a.rpc.call('a', 'none').catch(() => undefined))
    assert.deepEqual(finished('rpc.call none'), [])
  })
})

describe('openTelemetry: metrics', needs(), () => {
  it('count, time and observe', async () => {
    const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({
      exporter: metricExporter,
      exportIntervalMillis: 3_600_000,
    })
    api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    try {
      await using network = await ground.openNetwork({})
      const a = await network.startNode({ name: 'a' })
      const bridge = await openTelemetry(a)
      await network.startNode({ name: 'b' })
      await network.run(a.ready({ minPeers: 1 }))
      await network.run(a.rpc.call('b', 'none').catch(() => undefined))
      await reader.forceFlush()
      const metrics = metricExporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      const pointsOf = (name: string) =>
        metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
      const [call] = pointsOf('foundation.rpc.call.done.duration')
      assert.deepEqual(call?.attributes, { 'foundation.node': 'a', outcome: 'FND_HANDLER_UNKNOWN' })
      assert.equal((call.value as { count: number }).count, 1)
      assert.equal(pointsOf('foundation.membership.member.up')[0]?.value, 1)
      const alive = pointsOf('foundation.members').find(
        ({ attributes }) => attributes['status'] === 'alive',
      )
      assert.equal(alive?.value, 2)
      bridge.stop()
    } finally {
      await reader.shutdown()
      api.metrics.disable()
    }
  })
})
