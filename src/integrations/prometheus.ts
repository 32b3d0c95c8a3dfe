/**
 * Prometheus: everything a node measures in the text exposition format. No dependency.
 * @source https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { TelemetryRecord } from '../kernel/index.ts'
import { eventEntries, labelsOf, listen } from './listening.ts'
import { readingsOf, type Labels, type ReadableNode, type Reading } from './readings.ts'

/** What a scrape is answered with, beside the text. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** A node as Prometheus sees it. */
export interface PrometheusExporter extends Disposable {
  /** Everything, now. */
  text(): string
  readonly contentType: string
  /** Stops counting. */
  stop(): void
}

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Sets of label values of one metric; what comes beyond is counted under `other`. */
const seriesMax = 100

/**
 * Begins to count what a node does.
 *
 * @example
 *   const metrics = prometheus(node)
 *   createServer((_, response) => {
 *     response.setHeader('content-type', metrics.contentType).end(metrics.text())
 *   })
 */
export function prometheus(node: ReadableNode): PrometheusExporter {
  const series = new Map(eventEntries.map(([event]) => [event as string, new EventSeries()]))
  const stop = listen(node.name, (record) => {
    series.get(record.event)?.count(record)
  })
  return {
    contentType: prometheusContentType,
    text: () => {
      const own = { node: node.name }
      const events = eventEntries.flatMap(
        ([event, { meaning }]) => series.get(event)?.lines({ event, meaning, own }) ?? [],
      )
      return [
        ...readingsOf(node).flatMap((reading) => readingLines(reading, own)),
        ...events,
        '',
      ].join('\n')
    },
    stop,
    [Symbol.dispose]: stop,
  }
}

interface Histogram {
  readonly buckets: number[]
  sum: number
}

interface Series {
  readonly labels: Labels
  count: number
  readonly histogram: Histogram
}

interface Rendering {
  readonly event: string
  readonly meaning: string
  readonly own: Labels
}

/** The counter of one kind of event, and the histogram of how long it took. */
class EventSeries {
  readonly #series = new Map<string, Series>()
  #isTimed = false

  count(record: TelemetryRecord): void {
    const { durationMs, count = 1 } = record.measurements as { durationMs?: number; count?: number }
    const entry = this.#entry(labelsOf(record))
    if (durationMs === undefined) {
      entry.count += count
      return
    }
    this.#isTimed = true
    entry.count += 1
    const tookSeconds = durationMs / 1_000
    entry.histogram.sum += tookSeconds
    for (const [at, bound] of bucketsSeconds.entries()) {
      if (tookSeconds <= bound) entry.histogram.buckets[at] = (entry.histogram.buckets[at] ?? 0) + 1
    }
  }

  lines({ event, meaning, own }: Rendering): string[] {
    if (this.#series.size === 0) return []
    const name = `foundation_${event.replaceAll(/[.-]/g, '_')}`
    const all = [...this.#series.values()]
    if (!this.#isTimed) {
      const values = all.map(({ labels, count }) =>
        sample(`${name}_total`, { ...own, ...labels }, count),
      )
      return [...headOf(`${name}_total`, meaning, 'counter'), ...values]
    }
    const timed = `${name}_duration_seconds`
    return [
      ...headOf(timed, meaning, 'histogram'),
      ...all.flatMap((series) => histogramLines(timed, own, series)),
    ]
  }

  #entry(labels: Labels): Series {
    const known = this.#series.get(JSON.stringify(labels))
    if (known) return known
    const isFull = this.#series.size >= seriesMax
    const kept = isFull ? others(labels) : labels
    const key = JSON.stringify(kept)
    const entry = this.#series.get(key) ?? {
      labels: kept,
      count: 0,
      histogram: { buckets: bucketsSeconds.map(() => 0), sum: 0 },
    }
    this.#series.set(key, entry)
    return entry
  }
}

function histogramLines(name: string, own: Labels, { labels, count, histogram }: Series): string[] {
  const all = { ...own, ...labels }
  const buckets = bucketsSeconds.map((bound, at) =>
    sample(`${name}_bucket`, { ...all, le: String(bound) }, histogram.buckets[at] ?? 0),
  )
  return [
    ...buckets,
    sample(`${name}_bucket`, { ...all, le: '+Inf' }, count),
    sample(`${name}_sum`, all, histogram.sum),
    sample(`${name}_count`, all, count),
  ]
}

function readingLines({ name, meaning, kind, unit, values }: Reading, own: Labels): string[] {
  if (values.length === 0) return []
  const suffixes = [unit === 'none' ? '' : `_${unit}`, kind === 'counter' ? '_total' : '']
  const full = `foundation_${name}${suffixes.join('')}`
  return [
    ...headOf(full, meaning, kind),
    ...values.map(([labels, value]) => sample(full, { ...own, ...labels }, value)),
  ]
}

function headOf(name: string, meaning: string, kind: string): string[] {
  return [
    `# HELP ${name} ${meaning.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${kind}`,
  ]
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}{${pairs.join(',')}} ${String(value)}`
}

/** What is counted together, once there are too many label values. */
function others(labels: Labels): Labels {
  return Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']))
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
