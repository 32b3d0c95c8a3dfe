import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../kernel/index.ts'
import { VirtualClock } from './virtual-host.ts'

describe('VirtualClock', () => {
  it('runs timers at their time and only while it is advanced', async () => {
    const clock = new VirtualClock({ seed: 1 })
    const host = clock.host('a')
    const fired: string[] = []
    host.after(10, () => fired.push(`ten at ${String(host.nowMs())}`))
    host.after(5, () => fired.push(`five at ${String(host.nowMs())}`))
    host.after(7, () => fired.push('cancelled')).cancel()
    await clock.advance(9)
    assert.deepEqual(fired, ['five at 5'])
    await clock.advance(1)
    assert.deepEqual(fired, ['five at 5', 'ten at 10'])
  })

  it('settles promises between two events', async () => {
    const clock = new VirtualClock({ seed: 1 })
    const host = clock.host('a')
    const seen: string[] = []
    void sleep(host, 10)
      .then(() => sleep(host, 10))
      .then(() => seen.push(`woke at ${String(host.nowMs())}`))
    host.after(25, () => seen.push('timer'))
    await clock.advance(30)
    assert.deepEqual(seen, ['woke at 20', 'timer'])
  })

  it('runs what fell into a pause afterwards, in order', async () => {
    const clock = new VirtualClock({ seed: 1 })
    const host = clock.host('a')
    const fired: string[] = []
    host.after(20, () => fired.push(`second at ${String(host.nowMs())}`))
    host.after(10, () => fired.push(`first at ${String(host.nowMs())}`))
    clock.host('b').after(15, () => fired.push('other node'))
    clock.pause('a', 100)
    assert.ok(clock.isPaused('a'))
    await clock.advance(200)
    assert.deepEqual(fired, ['other node', 'first at 100', 'second at 100'])
  })

  it('moves a wall clock without the timers noticing, also for the next life of the node', async () => {
    const clock = new VirtualClock({ seed: 1, wallClockMs: 1_000_000 })
    clock.wallJump('a', -3_600)
    const host = clock.host('a')
    await clock.advance(500)
    assert.equal(host.wallClockMs(), 996_900)
    assert.equal(host.nowMs(), 500)
    clock.killed('a')
    assert.equal(clock.host('a').wallClockMs(), 996_900)
    assert.equal(clock.host('b').wallClockMs(), 1_000_500)
  })

  it('drops the timers of a killed node and takes no new ones', async () => {
    const clock = new VirtualClock({ seed: 1 })
    const dead = clock.host('a')
    const fired: string[] = []
    dead.after(10, () => fired.push('before'))
    clock.killed('a')
    dead.after(10, () => fired.push('after'))
    clock.host('a').after(10, () => fired.push('next life'))
    await clock.advance(20)
    assert.deepEqual(fired, ['next life'])
  })

  it('orders nodes at the same time by the seed, one node by insertion', async () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const clock = new VirtualClock({ seed })
      const fired: string[] = []
      for (const text of ['a1', 'b1', 'a2', 'b2']) {
        clock.host(text.slice(0, 1)).after(5, () => fired.push(text))
      }
      await clock.advance(5)
      orders.add(fired.join(' '))
    }
    assert.deepEqual([...orders].sort(), ['a1 a2 b1 b2', 'b1 b2 a1 a2'])
  })

  it('has a trace that is equal for equal runs and differs otherwise', async () => {
    const run = async (seed: number, note: string): Promise<string> => {
      const clock = new VirtualClock({ seed })
      const host = clock.host('a')
      host.after(host.random() * 10, () => {
        clock.note('a', note)
      })
      await clock.advance(20)
      return clock.traceHash
    }
    assert.equal(await run(1, 'x'), await run(1, 'x'))
    assert.notEqual(await run(1, 'x'), await run(2, 'x'))
    assert.notEqual(await run(1, 'x'), await run(1, 'y'))
  })
})
