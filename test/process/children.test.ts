/** Children of real processes that are killed, stopped, paused, started again and told to leave. */
import assert from 'node:assert/strict'
import process from 'node:process'
import { describe, it } from 'node:test'
import { systemHost } from '../../src/kernel/index.ts'
import type { StartOptions } from '../../src/setup/index.ts'
import { needs } from '../ground/processes.ts'
import { eventually, verdictMaxMs, withCrew, type Crew, type Worker } from './crew.ts'
import {
  allRunOn,
  assertNoneTwice,
  childCount,
  ids,
  livesOf,
  placesSeenBy,
  startAllFrom,
} from './children-places.ts'

const names = ['ada', 'bell', 'curie']

async function formWithChildren(
  crew: Crew,
  options: StartOptions = {},
): Promise<[Worker, Worker, Worker]> {
  const [ada, bell, curie] = await crew.form(names, options)
  assert.ok(ada && bell && curie)
  await startAllFrom(ada)
  await allRunOn([ada, bell, curie])
  return [ada, bell, curie]
}

describe('children of real processes', needs(), () => {
  it(
    'run elsewhere soon after SIGKILL, under load, each once',
    needs('crash seen at once'),
    async (t) => {
      await withCrew(async (crew) => {
        const [ada, bell, curie] = await formWithChildren(crew)
        const there = [...(await placesSeenBy(ada)).values()].filter((name) => name === 'curie')
        assert.ok(there.length > 5, 'the victim has children')
        await bell.ask('beginLoad', { ids, inFlight: 8 })
        const killedMs = systemHost.wallClockMs()
        await curie.kill()
        await allRunOn([ada, bell])
        const lives = await livesOf([ada, bell])
        const lastMs = Math.max(...lives.map(({ bornMs }) => bornMs)) - killedMs
        t.diagnostic(`${String(there.length)} children ran elsewhere after ${lastMs.toFixed(0)} ms`)
        assertNoneTwice(lives)
        const { ok, FND_NODE_DOWN: down = 0, ...others } = await bell.ask('endLoad', {})
        assert.ok((ok ?? 0) > 0)
        t.diagnostic(`calls: ${String(ok)} with a value, ${String(down)} cut off`)
        assert.deepEqual(others, {})
      })
    },
  )

  it('run elsewhere after an exception nobody catches, under load, each once', async (t) => {
    await withCrew(async (crew) => {
      const [ada, bell, curie] = await formWithChildren(crew)
      const there = [...(await placesSeenBy(ada)).values()].filter((name) => name === 'curie')
      assert.ok(there.length > 5, 'the victim has children')
      const verdictMs = await verdictMaxMs(ada)
      await bell.ask('beginLoad', { ids, inFlight: 8 })
      await curie.ask('throwUncaught', {})
      const { code } = await curie.exited
      assert.equal(code, 1)
      await allRunOn([ada, bell], verdictMs + 20_000)
      assertNoneTwice(await livesOf([ada, bell]))
      const tally = await bell.ask('endLoad', {})
      assert.ok((tally['ok'] ?? 0) > 0)
      t.diagnostic(`${String(there.length)} children moved; calls: ${JSON.stringify(tally)}`)
    })
  })

  it('leave a process that gets SIGTERM, with their state, and no call fails', async (t) => {
    await withCrew(async (crew) => {
      const options = { signals: true }
      const [ada, bell] = await crew.form(['ada', 'bell'])
      const curie = await crew.hire('curie', options)
      assert.ok(ada && bell)
      await startAllFrom(ada)
      await allRunOn([ada, bell, curie])
      await ada.ask('incrementAll', { ids })
      await ada.ask('beginLoad', { ids, inFlight: 8 })
      const lives = curie.ask('lives', {})
      curie.signal('SIGTERM')
      const { signal } = await curie.exited
      assert.equal(signal, 'SIGTERM')
      await allRunOn([ada, bell])
      const { ok = 0, ...failed } = await ada.ask('endLoad', {})
      assert.deepEqual(failed, {})
      t.diagnostic(`${String(ok)} calls while ${String((await lives).length)} children left`)
      const values = await bell.ask('incrementAll', { ids })
      const total = Object.values(values).reduce((sum, value) => sum + value, 0)
      assert.equal(total, ok + 2 * childCount, 'every call has left its trace')
      assertNoneTwice(await livesOf([ada, bell]))
    })
  })

  it('are started elsewhere when their process is paused, and one stays when it wakes up', async () => {
    await withCrew(async (crew) => {
      const [ada, bell, curie] = await formWithChildren(crew)
      const verdictMs = await verdictMaxMs(ada)
      curie.signal('SIGSTOP')
      await allRunOn([ada, bell], verdictMs + 20_000)
      curie.signal('SIGCONT')
      await allRunOn([ada, bell, curie])
      await eventually('every child lives once', 20_000, async () => {
        const living = (await livesOf([ada, bell, curie])).filter(({ endedMs }) => !endedMs)
        return (
          living.length === childCount && new Set(living.map(({ id }) => id)).size === childCount
        )
      })
    })
  })

  it('are not started twice by processes that start together', async () => {
    await withCrew(async (crew) => {
      const workers = await Promise.all(names.map((name) => crew.hire(name)))
      const asked = workers.map((worker) =>
        worker.ask('startChildren', { prefix: 'job', count: childCount }),
      )
      for (const tally of await Promise.all(asked)) assert.deepEqual(tally, { ok: childCount })
      await allRunOn(workers)
      assertNoneTwice(await livesOf(workers))
    })
  })

  it('are never two while a process is killed and comes back, round after round', async (t) => {
    await withCrew(async (crew) => {
      const rounds = Number(process.env['TEST_CHILDREN_ROUNDS'] ?? '5')
      // A member that comes and goes so often would be kept out for a while.
      const options: StartOptions = { monitor: { healing: [] } }
      const [ada, bell, first] = await formWithChildren(crew, options)
      let victim = first
      for (let round = 0; round < rounds; round += 1) {
        await victim.kill()
        await allRunOn([ada, bell])
        victim = await crew.hire('curie', options)
        await allRunOn([ada, bell, victim])
      }
      assertNoneTwice(await livesOf([ada, bell]))
      t.diagnostic(`${String(rounds)} rounds`)
    })
  })

  it('run only where their class is, and are refused where no process has it', async () => {
    await withCrew(async (crew) => {
      const [ada, bell] = await crew.form(['ada', 'bell'])
      assert.ok(ada && bell)
      const ask = { prefix: 'rare', count: 4, service: 'Rare' }
      assert.deepEqual(await ada.ask('startChildren', ask), { FND_SERVICE_UNKNOWN: 4 })
      const curie = await crew.hire('curie', {}, { env: { TEST_RARE: '1' } })
      // The homes of these children meet curie, and hear what it can run, each in its own time.
      await eventually('they run once their homes know curie', 20_000, async () => {
        const { ok } = await ada.ask('startChildren', ask)
        return ok === 4
      })
      const places = new Set((await placesSeenBy(ada)).values())
      assert.deepEqual(places, new Set([curie.name]))
      const broken = await bell.ask('startChildren', { prefix: 'bad', count: 2, service: 'Broken' })
      assert.deepEqual(broken, { FND_CHILD_START_FAILED: 2 })
      await eventually('what did not start is not wanted', 5_000, async () =>
        (await bell.ask('which', {})).every(({ id }) => id.startsWith('rare:')),
      )
    })
  })
})
