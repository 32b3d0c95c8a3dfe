/** Processes that stand still for a while: stopped by a signal, or with a busy event loop. */
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { needs } from '../ground/processes.ts'
import { allKnowEachOther, eventually, verdictMaxMs, withCrew, type Worker } from './crew.ts'

function accusations(worker: Worker): string[] {
  return worker.events
    .filter(({ event }) => event.type === 'member-down' || event.type === 'member-left')
    .map(({ event }) => `${worker.name}: ${event.type} ${event.member ?? ''} ${event.cause ?? ''}`)
}

describe('a process stopped by SIGSTOP', needs(), () => {
  it('for 1 s stays a member of everybody', async () => {
    await withCrew(async (crew) => {
      const workers = await crew.form(['ada', 'bell', 'curie'])
      const [ada, , curie] = workers
      assert.ok(ada && curie)
      curie.signal('SIGSTOP')
      await sleep(systemHost, 1_000)
      curie.signal('SIGCONT')
      const { code } = await ada.ask('call', { target: 'curie', workMs: 0, timeoutMs: 5_000 })
      assert.equal(code, undefined)
      await allKnowEachOther(workers)
      assert.deepEqual(workers.flatMap(accusations), [])
    })
  })

  it('for 8 s is down for the others in time, accuses nobody itself, and comes back', async (t) => {
    await withCrew(async (crew) => {
      const workers = await crew.form(['ada', 'bell', 'curie'])
      const [ada, bell, curie] = workers
      assert.ok(ada && bell && curie)
      const losses = [ada, bell].map((other) => other.sees('member-down', 'curie', 10_000))
      const stoppedMs = systemHost.nowMs()
      curie.signal('SIGSTOP')
      const seen = await Promise.all(losses)
      const tookMs = seen.map(({ atMs }) => atMs - stoppedMs)
      t.diagnostic(`down after ${tookMs.map((ms) => ms.toFixed(0)).join(' and ')} ms`)
      for (const { event } of seen) assert.equal(event.cause, 'unreachable')
      for (const [index, other] of [ada, bell].entries()) {
        assert.ok((tookMs[index] ?? Infinity) < (await verdictMaxMs(other)))
      }
      await sleep(systemHost, Math.max(0, stoppedMs + 8_000 - systemHost.nowMs()))
      curie.signal('SIGCONT')
      const continuedMs = systemHost.nowMs()
      // Nothing was proposed anew: those who know its address dial it again.
      await eventually('curie is back at the others', 15_000, async () => {
        const views = await Promise.all([ada.view(), bell.view()])
        return views.every((view) => view['curie'] === 'alive')
      })
      await allKnowEachOther(workers)
      t.diagnostic(`all alive ${(systemHost.nowMs() - continuedMs).toFixed(0)} ms after SIGCONT`)
      const wrong = accusations(curie).filter((line) => line.includes('member-down'))
      assert.deepEqual(
        wrong.filter((line) => /crashed|unreachable/.test(line)),
        [],
      )
      assert.deepEqual(
        [ada, bell].flatMap(accusations).length,
        2,
        'each of the others said it once',
      )
    })
  })
})

describe('processes that get too little of the processor', needs(), () => {
  it('declare nobody down', async (t) => {
    await withCrew(async (crew) => {
      const workers = await crew.form(['ada', 'bell', 'curie'])
      const hogs = Array.from({ length: availableParallelism() + 2 }, (_, index) =>
        crew.fork(`hog-${String(index)}`),
      )
      await Promise.all(hogs.map((hog) => hog.ask('block', { forMs: 3_000 })))
      await allKnowEachOther(workers)
      const multipliers = await Promise.all(
        workers.map(async (worker) => {
          return (await worker.ask('status', {})).membership.localHealth.multiplier.toFixed(2)
        }),
      )
      t.diagnostic(`local health afterwards: ${multipliers.join(' ')}`)
      assert.deepEqual(workers.flatMap(accusations), [])
    })
  })
})

describe('a process whose event loop was busy for 3.5 s', needs(), () => {
  it('declares nobody down, and nobody declares it down', async () => {
    await withCrew(async (crew) => {
      const workers = await crew.form(['ada', 'bell', 'curie'])
      const curie = workers[2]
      assert.ok(curie)
      await curie.ask('block', { forMs: 3_500 })
      // Two more ticks of its failure detector: whatever it concludes from the silence, it did.
      await sleep(systemHost, 600)
      await allKnowEachOther(workers)
      assert.deepEqual(workers.flatMap(accusations), [])
    })
  })
})
