import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep, systemHost } from '../kernel/index.ts'
import { ProcessVitalsSource } from './process-vitals.ts'

describe('the vitals of this process', () => {
  it('show a blocked event loop once, and memory', async () => {
    const source = new ProcessVitalsSource()
    source.start()
    try {
      await sleep(systemHost, 100)
      const untilMs = systemHost.nowMs() + 300
      while (systemHost.nowMs() < untilMs);
      await sleep(systemHost, 50)
      const { eventLoop, memory } = source.read()
      assert.ok(eventLoop.maxMs >= 200, `max ${String(eventLoop.maxMs)} ms`)
      assert.ok(eventLoop.p99Ms <= eventLoop.maxMs)
      assert.ok(memory.rssBytes > memory.heapUsedBytes && memory.heapUsedBytes > 0)
      const { maxMs, meanMs } = source.read().eventLoop
      assert.ok(maxMs < 200 && meanMs < 200, 'the figures begin anew with each reading')
    } finally {
      source.stop()
    }
  })
})
