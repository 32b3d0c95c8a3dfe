/** A process that ends of a sudden: seen at once by the others, its calls fail, it may come back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemHost } from '../../src/kernel/index.ts'
import { needs } from '../ground/processes.ts'
import {
  allKnowEachOther,
  eventually,
  medianOf,
  verdictMaxMs,
  withCrew,
  type Crew,
  type Worker,
} from './crew.ts'

const trials = 10
/** The goal is 250 ms; a machine that does other work besides may need longer. */
const seenWithinMs = 1_500

/** Kills a worker; returns when the slower of the others saw it, in ms. */
async function killAndTime(victim: Worker, others: readonly Worker[]): Promise<number> {
  const losses = others.map((other) => other.sees('member-down', victim.name, 10_000))
  const killedMs = systemHost.nowMs()
  await victim.kill()
  const seen = await Promise.all(losses)
  for (const { event } of seen) assert.equal(event.cause, 'crashed')
  return Math.max(...seen.map(({ atMs }) => atMs - killedMs))
}

/** The victim again, under its name; the others saw it come up. */
async function bringBack(crew: Crew, name: string, others: readonly Worker[]): Promise<Worker> {
  const ups = others.map((other) => other.sees('member-up', name, 15_000))
  const worker = await crew.hire(name)
  await Promise.all(ups)
  return worker
}

describe('a process ended by SIGKILL', needs(), () => {
  it(
    'is seen by both others as crashed, and is a member again when restarted',
    needs('crash seen at once'),
    async (t) => {
      await withCrew(async (crew) => {
        const [ada, bell, first] = await crew.form(['ada', 'bell', 'curie'])
        assert.ok(ada && bell && first)
        let victim = first
        const seenMs: number[] = []
        for (let trial = 0; trial < trials; trial += 1) {
          seenMs.push(await killAndTime(victim, [ada, bell]))
          victim = await bringBack(crew, 'curie', [ada, bell])
        }
        const rounded = seenMs.map((ms) => ms.toFixed(0)).join(' ')
        t.diagnostic(`seen by both after ${rounded} ms, median ${medianOf(seenMs).toFixed(0)} ms`)
        assert.ok(Math.max(...seenMs) < seenWithinMs, `seen after ${rounded} ms`)
        const incarnations = ada.events
          .filter(({ event }) => event.type === 'member-up' && event.member === 'curie')
          .map(({ event }) => event.incarnation)
        assert.equal(new Set(incarnations).size, trials + 1, 'each start is a new incarnation')
      })
    },
  )

  it(
    'fails a pending call to it at once, with FND_NODE_DOWN',
    needs('crash seen at once'),
    async () => {
      await withCrew(async (crew) => {
        const [ada, bell] = await crew.form(['ada', 'bell'])
        assert.ok(ada && bell)
        const calling = ada.ask('call', { target: 'bell', workMs: 60_000, timeoutMs: 30_000 })
        // A later call that came back shows that the earlier one has arrived.
        await ada.ask('call', { target: 'bell', workMs: 0, timeoutMs: 5_000 })
        const killedMs = systemHost.nowMs()
        await bell.kill()
        const { code } = await calling
        assert.equal(code, 'FND_NODE_DOWN')
        assert.ok(systemHost.nowMs() - killedMs < seenWithinMs, 'long before the deadline')
      })
    },
  )

  it('is replaced by a new incarnation that starts within 50 ms of the kill', async () => {
    await withCrew(async (crew) => {
      const [ada, bell] = await crew.form(['ada', 'bell'])
      assert.ok(ada && bell)
      // The process is there already; only its node starts after the kill.
      const again = crew.fork('bell')
      await again.ask('memory', {})
      const up = ada.sees('member-up', 'bell', 15_000)
      await bell.kill()
      const killedMs = systemHost.nowMs()
      const starting = again.ask('start', { name: 'bell', cluster: true })
      assert.ok(systemHost.nowMs() - killedMs < 50)
      const { incarnation } = await starting
      assert.equal((await up).event.incarnation, incarnation)
      await allKnowEachOther([ada, again])
      const { code } = await ada.ask('call', { target: 'bell', workMs: 0, timeoutMs: 5_000 })
      assert.equal(code, undefined)
    })
  })
})

describe('a process ended by an exception nobody catches', needs(), () => {
  it(
    'is seen by both others as crashed, as soon as after SIGKILL',
    needs('crash seen at once'),
    async (t) => {
      await withCrew(async (crew) => {
        const [ada, bell, curie] = await crew.form(['ada', 'bell', 'curie'])
        assert.ok(ada && bell && curie)
        const losses = [ada, bell].map((other) => other.sees('member-down', 'curie', 10_000))
        await curie.ask('throwUncaught', {})
        const { code, atMs: exitedMs } = await curie.exited
        assert.equal(code, 1, 'Node itself ended it')
        assert.match(curie.log, /thrown on purpose/)
        const seen = await Promise.all(losses)
        const lateMs = Math.max(...seen.map(({ atMs }) => atMs - exitedMs))
        t.diagnostic(`seen by both ${lateMs.toFixed(0)} ms after its exit`)
        for (const { event } of seen) assert.equal(event.cause, 'crashed')
        assert.ok(lateMs < seenWithinMs, `seen after ${lateMs.toFixed(0)} ms`)
      })
    },
  )

  it('leaves its names to others', async () => {
    await withCrew(async (crew) => {
      const names = Array.from({ length: 50 }, (_, at) => `name-${String(at)}`)
      const ownersSeenBy = (worker: Worker) => worker.ask('owners', { names })
      const [ada, bell, curie] = await crew.form(['ada', 'bell', 'curie'])
      assert.ok(ada && bell && curie)
      await curie.ask('register', { names })
      await eventually('bell knows the names', 10_000, async () =>
        (await ownersSeenBy(bell)).every((owner) => owner === 'curie'),
      )
      await assert.rejects(ada.ask('register', { names }), { code: 'FND_NAME_TAKEN' })
      const verdictMs = await verdictMaxMs(ada)
      await curie.ask('throwUncaught', {})
      await curie.exited
      for (const worker of [ada, bell]) {
        await eventually('the names are free', verdictMs + 20_000, async () =>
          (await ownersSeenBy(worker)).every((owner) => owner === 'nobody'),
        )
      }
      await ada.ask('register', { names })
      await eventually('bell knows the new owner', 10_000, async () =>
        (await ownersSeenBy(bell)).every((owner) => owner === 'ada'),
      )
    })
  })
})
