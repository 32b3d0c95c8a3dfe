import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualHost } from './network-fixtures.ts'
import { SlicedWork } from './sliced-work.ts'

interface Scene {
  readonly host: VirtualHost
  readonly work: SlicedWork
  readonly errors: Error[]
  turns: number
}

/** Every look at the clock takes a millisecond. */
function scene(inboundMaxMessages = 100): Scene {
  const host = new VirtualHost()
  const nowMs = host.nowMs.bind(host)
  let looks = 0
  host.nowMs = () => nowMs() + looks++
  const errors: Error[] = []
  const turnEnded = (): void => {
    result.turns += 1
  }
  const failed = (error: Error): void => {
    errors.push(error)
  }
  const bounds = { applyMaxMs: 4, inboundMaxMessages }
  const work = new SlicedWork({ host, turnEnded, failed }, bounds)
  const result: Scene = { host, work, errors, turns: 0 }
  return result
}

function* steps(count: number, done: () => void): Generator<void, void> {
  for (let at = 0; at < count; at++) yield
  done()
}

describe('SlicedWork', () => {
  it('runs a short job at once', () => {
    const { work } = scene()
    let isDone = false
    work.add(steps(10, () => (isDone = true)))
    assert.equal(isDone, true)
  })

  it('spreads a long job over turns, and keeps the order of jobs', async () => {
    const result = scene()
    const done: string[] = []
    result.work.add(steps(1_000, () => done.push('long')))
    result.work.add(steps(1, () => done.push('short')))
    assert.deepEqual(done, [])
    await result.host.advance(0)
    assert.deepEqual(done, ['long', 'short'])
    assert.ok(result.turns >= 1_000 / (32 * 5), `${String(result.turns)} turns`)
  })

  it('reports a job that throws and runs the next one', () => {
    const { work, errors } = scene()
    let isDone = false
    const failing = steps(1, () => {
      throw new Error('mine')
    })
    work.add(failing)
    work.add(steps(1, () => (isDone = true)))
    assert.deepEqual([errors.map(({ message }) => message), isDone], [['mine'], true])
  })

  it('refuses more jobs than may wait', () => {
    const { work } = scene(2)
    const endless = (): Generator<void, void> => steps(10_000, () => undefined)
    assert.deepEqual(
      [1, 2, 3].map(() => work.add(endless())),
      [true, true, false],
    )
  })

  it('does nothing more after stop', async () => {
    const { host, work } = scene()
    let isDone = false
    work.add(steps(1_000, () => (isDone = true)))
    work.stop()
    await host.advance(10)
    assert.equal(isDone, false)
    assert.equal(work.add(steps(1, () => undefined)), false)
  })
})
