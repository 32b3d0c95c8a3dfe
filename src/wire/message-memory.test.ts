import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'
import { allocateMemory } from './message-memory.ts'

/** Full collections of a fresh process that makes 800 MB of short-lived large Buffers. */
function fullCollections(allocate: string): number {
  const program = `
    import { PerformanceObserver, constants } from 'node:perf_hooks'
    import { allocateMemory } from ${JSON.stringify(new URL('message-memory.ts', import.meta.url))}
    let full = 0
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full += 1
    })
    observer.observe({ entryTypes: ['gc'] })
    for (let turn = 0; turn < 200; turn += 1) {
      for (let i = 0; i < 64; i += 1) ${allocate}(65_600)
      await new Promise(setImmediate)
    }
    await new Promise((resolve) => setTimeout(resolve, 50)); process.stdout.write(String(full))`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  )
  assert.equal(status, 0, stderr)
  return Number(stdout)
}

it('allocateMemory: large messages do not ask for full collections', () => {
  const [plain, ours] = [
    fullCollections('Buffer.allocUnsafeSlow'),
    fullCollections('allocateMemory'),
  ]
  assert.ok(ours * 3 <= plain, `${String(ours)} full collections, ${String(plain)} without ballast`)
})

it('allocateMemory: large bytes are all of their memory', () => {
  const large = allocateMemory(100_000)
  assert.equal(large.length, 100_000)
  assert.equal(large.buffer.byteLength, 100_000)
  assert.equal(allocateMemory(10).length, 10)
})
