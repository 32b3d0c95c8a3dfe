/**
 * OpenTelemetry: the metrics and spans of a node through `@opentelemetry/api`. The trace of a call
 * goes on in its handler on the other node, and calls and messages carry the trace of the
 * application's own active span.
 */
import { tracingChannel } from 'node:diagnostics_channel'
import type * as OpenTelemetryApi from '@opentelemetry/api'
import {
  carriedTrace,
  importPackage,
  provideTraces,
  telemetryChannel,
  telemetrySpans,
  toError,
  type TelemetrySpan,
  type TelemetrySpanEntry,
  type TelemetrySpanRecord,
  type TraceContext,
} from '../kernel/index.ts'
import { eventEntries, labelsOf, listen } from './listening.ts'
import { readingsOf, type ReadableNode, type Reading } from './readings.ts'
import { parseTraceparent, traceparentOf } from './traceparent.ts'

/** What {@link openTelemetry} takes. */
export interface OpenTelemetryOptions {
  /** The package, when it is not to be imported from here. */
  readonly api?: typeof OpenTelemetryApi
}

/** What was set up; `stop` takes all of it back. */
export interface OpenTelemetryBridge extends Disposable {
  /** Ends the measurements and spans; what was exported stays. */
  stop(): void
}

type Api = typeof OpenTelemetryApi

const scope = 'foundation-ts'

/**
 * Reports what a node does to the OpenTelemetry SDK that the application has set up. One a node.
 *
 * @throws {FoundationError} `FND_PACKAGE_MISSING` without the package `@opentelemetry/api`.
 * @example
 *   new NodeSDK({ ... }).start()
 *   const node = await startNode({ app: 'shop', cluster: true })
 *   await openTelemetry(node)
 */
export async function openTelemetry(
  node: ReadableNode,
  options: OpenTelemetryOptions = {},
): Promise<OpenTelemetryBridge> {
  const api = options.api ?? ((await importPackage('@opentelemetry/api', 'openTelemetry()')) as Api)
  const stops = [bridgeEvents(node, api), bridgeReadings(node, api)]
  stops.push(
    bridgeSpans(node, api),
    provideTraces(() => activeTrace(api)),
  )
  const stop = (): void => {
    for (const undo of stops.splice(0)) undo()
  }
  return { stop, [Symbol.dispose]: stop }
}

/** A counter for each kind of event, and a histogram of how long it took. */
function bridgeEvents(node: ReadableNode, api: Api): () => void {
  const meter = api.metrics.getMeter(scope)
  const instruments = new Map(
    eventEntries.map(([event, { meaning: description, measurements }]) => [
      event,
      'durationMs' in measurements
        ? meter.createHistogram(`foundation.${event}.duration`, { description, unit: 's' })
        : meter.createCounter(`foundation.${event}`, { description }),
    ]),
  )
  return listen(node.name, (record) => {
    const instrument = instruments.get(record.event)
    const attributes = { 'foundation.node': node.name, ...labelsOf(record) }
    const { durationMs, count = 1 } = record.measurements as { durationMs?: number; count?: number }
    if (!instrument) return
    if ('record' in instrument) instrument.record((durationMs ?? 0) / 1_000, attributes)
    else instrument.add(count, attributes)
  })
}

const units = { seconds: 's', bytes: 'By', none: '1' } as const

/** What a node is asked for whenever the SDK collects. */
function bridgeReadings(node: ReadableNode, api: Api): () => void {
  const meter = api.metrics.getMeter(scope)
  const instruments = new Map(
    readingsOf(node).map((reading) => [reading.name, observable(reading)]),
  )
  const all = [...instruments.values()]
  const observe: OpenTelemetryApi.BatchObservableCallback = (observer) => {
    for (const { name, values } of readingsOf(node)) {
      const instrument = instruments.get(name)
      if (!instrument) continue
      for (const [labels, value] of values) {
        observer.observe(instrument, value, { 'foundation.node': node.name, ...labels })
      }
    }
  }
  meter.addBatchObservableCallback(observe, all)
  return () => {
    meter.removeBatchObservableCallback(observe, all)
  }

  function observable({
    name,
    meaning: description,
    kind,
    unit,
  }: Reading): OpenTelemetryApi.Observable {
    const options = { description, unit: units[unit] }
    return kind === 'counter'
      ? meter.createObservableCounter(`foundation.${name}`, options)
      : meter.createObservableGauge(`foundation.${name}`, options)
  }
}

function bridgeSpans(node: ReadableNode, api: Api): () => void {
  const entries = Object.entries(telemetrySpans) as [TelemetrySpan, TelemetrySpanEntry][]
  const stops = entries.map(([name, entry]) => {
    const target = tracingChannel<unknown, TelemetrySpanRecord>(telemetryChannel(name))
    const subscriber = new SpanSubscriber(node.name, api, entry)
    target.subscribe(subscriber)
    return (): void => {
      target.unsubscribe(subscriber)
    }
  })
  return () => {
    for (const stop of stops) stop()
  }
}

/** Makes one kind of span of what is published on its tracing channels. */
class SpanSubscriber {
  readonly #source: string
  readonly #api: Api
  readonly #entry: TelemetrySpanEntry
  readonly #spans = new WeakMap<TelemetrySpanRecord, OpenTelemetryApi.Span>()

  constructor(...[source, api, entry]: [source: string, api: Api, entry: TelemetrySpanEntry]) {
    this.#source = source
    this.#api = api
    this.#entry = entry
  }

  readonly start = (record: TelemetrySpanRecord): void => {
    if (record.source !== this.#source) return
    const { context, trace, SpanKind } = this.#api
    const { kind } = this.#entry
    const parent = kind === 'server' ? this.#remoteContext() : context.active()
    const span = trace.getTracer(scope).startSpan(
      nameOf(record),
      {
        kind: { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER }[
          kind
        ],
        attributes: attributesOf(record),
      },
      parent,
    )
    this.#spans.set(record, span)
    record.within = (work) => context.with(trace.setSpan(parent, span), work)
  }

  /** The work threw before it gave a promise: nothing asynchronous follows. */
  readonly end = (record: TelemetrySpanRecord): void => {
    if ('error' in record) this.#finish(record)
  }

  readonly error = (record: TelemetrySpanRecord): void => {
    const error = toError(record.error)
    const span = this.#spans.get(record)
    span?.recordException(error)
    span?.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: error.message })
  }

  readonly asyncStart = (): void => undefined

  readonly asyncEnd = (record: TelemetrySpanRecord): void => {
    this.#finish(record)
  }

  #finish(record: TelemetrySpanRecord): void {
    // Some of them have become known only now.
    this.#spans.get(record)?.setAttributes(attributesOf(record)).end()
    this.#spans.delete(record)
  }

  /** What the caller sent along; never what happens to be active where the frame was read. */
  #remoteContext(): OpenTelemetryApi.Context {
    const { trace, ROOT_CONTEXT } = this.#api
    const remote = parseTraceparent(carriedTrace()?.traceparent)
    return remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT
  }
}

/** The application's active span. One that has ended is not what the running work belongs to. */
function activeTrace({ trace, isSpanContextValid, TraceFlags }: Api): TraceContext | undefined {
  const span = trace.getActiveSpan()
  const place = span?.spanContext()
  if (!span || !place || !isSpanContextValid(place)) return undefined
  // A span that is not sampled never records: that nobody samples it must be carried, too.
  const isSampled = (place.traceFlags & TraceFlags.SAMPLED) !== 0
  return isSampled && !span.isRecording() ? undefined : { traceparent: traceparentOf(place) }
}

/** `rpc.call cache.flush`: exported names are few. */
function nameOf({ span, attributes }: TelemetrySpanRecord): string {
  const { name } = attributes
  return typeof name === 'string' ? `${span} ${name}` : span
}

function attributesOf({ source, attributes }: TelemetrySpanRecord): Record<string, string> {
  const own = Object.entries(attributes).map(
    ([key, value]) => [`foundation.${key}`, String(value)] as const,
  )
  return { ...Object.fromEntries(own), 'foundation.node': source }
}
