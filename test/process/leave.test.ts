/** Leaving in order: by signal, by `stop()`, by `await using`. The others see `left` at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { needs } from '../ground/processes.ts'
import { withCrew, type Worker } from './crew.ts'

/** The goal is a second; a busy machine may need longer, but a silence would take four. */
const leftWithinMs = 3_000

/** Makes a worker leave; asserts that the others see `left` in time and nothing worse. */
async function assertLeaves(
  worker: Worker,
  others: readonly Worker[],
  leave: () => unknown,
): Promise<void> {
  const farewells = others.map((other) => other.sees('member-left', worker.name, 10_000))
  const beganMs = systemHost.nowMs()
  await leave()
  for (const { atMs, event } of await Promise.all(farewells)) {
    assert.equal(event.cause, 'left')
    assert.ok(atMs - beganMs < leftWithinMs, `seen after ${(atMs - beganMs).toFixed(0)} ms`)
  }
  for (const other of others) {
    assert.deepEqual(other.storyOf(worker.name).slice(0, 2), ['member-up', 'member-left'])
  }
}

describe('a node that leaves', needs(), () => {
  it('by SIGTERM says goodbye, ends by that signal, and is not dialled again', async () => {
    await withCrew(async (crew) => {
      const [ada, bell, curie] = await crew.form(['ada', 'bell', 'curie'], { signals: true })
      assert.ok(ada && bell && curie)
      await assertLeaves(curie, [ada, bell], () => {
        curie.signal('SIGTERM')
      })
      const { signal, code } = await curie.exited
      assert.deepEqual({ signal, code }, { signal: 'SIGTERM', code: null })
      // A re-dial of a lost link comes at once and would end in a `crashed`; then after a second.
      await sleep(systemHost, 1_500)
      for (const other of [ada, bell]) {
        const { members, membership } = await other.ask('status', {})
        const gone = members.find(({ name }) => name === 'curie')
        assert.equal(gone?.status ?? 'left', 'left')
        assert.ok(!JSON.stringify(membership.targets).includes('curie'), 'nothing of it is dialled')
        assert.deepEqual(other.storyOf('curie'), ['member-up', 'member-left'])
      }
    })
  })

  it('by node.stop() says goodbye and keeps nothing open', async () => {
    await withCrew(async (crew) => {
      const [ada, bell] = await crew.form(['ada', 'bell'])
      assert.ok(ada && bell)
      let resources: readonly string[] = []
      await assertLeaves(bell, [ada], async () => {
        resources = (await bell.ask('stop', {})).resources
      })
      assert.deepEqual(resources, [])
    })
  })

  it('by the end of an `await using` block says goodbye', async () => {
    await withCrew(async (crew) => {
      const ada = await crew.hire('ada')
      const bell = crew.fork('bell')
      const [up, left] = [
        ada.sees('member-up', 'bell', 15_000),
        ada.sees('member-left', 'bell', 15_000),
      ]
      await bell.ask('useBriefly', { options: { name: 'bell', cluster: true }, minPeers: 1 })
      const endedMs = systemHost.nowMs()
      await up
      assert.ok((await left).atMs - endedMs < leftWithinMs)
    })
  })
})
