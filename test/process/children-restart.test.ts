/** What becomes of children when every process of a cluster is started again. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StartOptions } from '../../src/setup/index.ts'
import { needs } from '../ground/processes.ts'
import { allKnowEachOther, eventually, withCrew } from './crew.ts'
import {
  allRunOn,
  assertNoneTwice,
  childCount,
  ids,
  livesOf,
  startAllFrom,
} from './children-places.ts'

const names = ['ada', 'bell', 'curie']
const options: StartOptions = { signals: true }

const distinct = (values: Readonly<Record<string, number>>): number[] => [
  ...new Set(Object.values(values)),
]

describe('children of a cluster whose processes are all started again', needs(), () => {
  it('one after the other: each goes on with its state, once, in processes none of which was there', async () => {
    await withCrew(async (crew) => {
      const first = await crew.form(names, options)
      const [starter] = first
      assert.ok(starter)
      await startAllFrom(starter)
      assert.deepEqual(distinct(await starter.ask('incrementAll', { ids })), [1])
      let workers = first
      for (const former of first) {
        former.signal('SIGTERM')
        await former.exited
        const others = workers.filter((worker) => worker !== former)
        await allRunOn(others)
        workers = [...others, await crew.hire(former.name, options)]
        await allKnowEachOther(workers)
      }
      await allRunOn(workers)
      assertNoneTwice(await livesOf(workers))
      const last = workers.at(-1)
      assert.ok(last)
      assert.deepEqual(distinct(await last.ask('incrementAll', { ids })), [2])
    })
  })

  it('at once: nothing is left of them until they are asked for, by every process that likes', async () => {
    await withCrew(async (crew) => {
      const first = await crew.form(names)
      const [starter] = first
      assert.ok(starter)
      await startAllFrom(starter)
      await starter.ask('incrementAll', { ids })
      await Promise.all(first.map((worker) => worker.kill()))
      const workers = await crew.form(names)
      for (const worker of workers) assert.deepEqual(await worker.ask('which', {}), [])
      // As every process does that starts its children when it starts itself.
      await Promise.all(workers.map(startAllFrom))
      await allRunOn(workers)
      await eventually('every child lives once', 10_000, async () => {
        const living = (await livesOf(workers)).filter(({ endedMs }) => endedMs === undefined)
        return (
          living.length === childCount && new Set(living.map(({ id }) => id)).size === childCount
        )
      })
      assertNoneTwice(await livesOf(workers))
      const [asker] = workers
      assert.ok(asker)
      assert.deepEqual(distinct(await asker.ask('incrementAll', { ids })), [1])
    })
  })
})
