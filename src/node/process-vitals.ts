/** How this process is: event loop delay and memory. */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import process from 'node:process'
import type { ProcessVitals, VitalsSource } from '../monitor/index.ts'

const resolutionMs = 20

/** The figures of the real process. Samples fifty times a second while it runs. */
export class ProcessVitalsSource implements VitalsSource {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs })
  #memory: ProcessVitals['memory'] = { rssBytes: 0, heapUsedBytes: 0 }

  start(): void {
    this.#delays.enable()
  }

  stop(): void {
    this.#delays.disable()
  }

  read(): ProcessVitals {
    const { mean, max } = this.#delays
    const p99 = this.#delays.percentile(99)
    this.#delays.reset()
    this.#readMemory()
    return {
      eventLoop: { meanMs: delayMs(mean), p99Ms: delayMs(p99), maxMs: delayMs(max) },
      memory: this.#memory,
    }
  }

  /** Reading it opens a file, which fails while the process has no descriptor left: then the last one stands. */
  #readMemory(): void {
    try {
      const { rss, heapUsed } = process.memoryUsage()
      this.#memory = { rssBytes: rss, heapUsedBytes: heapUsed }
    } catch {
      // Figures are not worth a process.
    }
  }
}

/** The histogram holds times between samples, in nanoseconds; NaN without a sample. */
function delayMs(betweenNs: number): number {
  const delay = betweenNs / 1e6 - resolutionMs
  return delay > 0 ? Math.round(delay * 100) / 100 : 0
}
